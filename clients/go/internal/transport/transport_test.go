package transport

import (
	"os"
	"testing"
)

// Embedding reaches no file outside of the package, so it has a copy.
func TestTheServiceConfigIsThatOfAllClients(t *testing.T) {
	common, err := os.ReadFile("../../../service-config.json")
	if err != nil {
		t.Fatal(err)
	}
	if ServiceConfig != string(common) {
		t.Error("service_config.json differs from clients/service-config.json")
	}
}
