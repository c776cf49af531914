package testserver

import (
	"testing"
	"time"
)

// Until waits for something, or fails the test when it does not come.
func Until(t testing.TB, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}
