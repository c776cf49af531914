package sessiond

import (
	"fmt"
	"strings"
	"testing"
)

// A state that is larger than a frame comes in several frames.
func TestALargeState(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	text := strings.Repeat("x", 1<<18)
	for index := range 4 {
		delta := map[string]any{}
		for each := range 5 {
			delta[fmt.Sprintf("k%d.%d", index, each)] = text
		}
		add(t, service, made, event("", delta))
	}
	found := get(t, service, app, "s")
	if len(stateOf(found)) != 20 {
		t.Errorf("the state has %d keys", len(stateOf(found)))
	}
	same(t, made, found)
}
