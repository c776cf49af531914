package sessiond

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/adk/v2/session"

	"sessiond.dev/go/internal/testserver"
)

// shared is the server that all tests share.
var shared string

func TestMain(m *testing.M) {
	os.Exit(testserver.Shared(func(target string) int {
		shared = target
		return m.Run()
	}))
}

// newService is a service for a server, which is closed with the test.
func newService(t testing.TB, target string, options ...Option) *SessionService {
	t.Helper()
	service, err := NewSessionService(target, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	return service
}

// newApp is an app that no other test uses.
func newApp() string { return "app-" + uuid.NewString() }

// create makes a session of the user u.
func create(t testing.TB, service *SessionService, app, id string, state map[string]any) *Session {
	t.Helper()
	made, err := service.Create(t.Context(), &session.CreateRequest{AppName: app, UserID: "u", SessionID: id, State: state})
	if err != nil {
		t.Fatal(err)
	}
	return made.Session.(*Session)
}

// get reads a session of the user u.
func get(t testing.TB, service *SessionService, app, id string) *Session {
	t.Helper()
	found, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: id})
	if err != nil {
		t.Fatal(err)
	}
	return found.Session.(*Session)
}

// event is an event of the user, now.
func event(id string, delta map[string]any) *session.Event {
	made := session.NewEvent(context.Background(), "inv")
	made.ID, made.Author = id, "user"
	made.Timestamp = time.Now().UTC().Truncate(time.Microsecond)
	for key, value := range delta {
		made.Actions.StateDelta[key] = value
	}
	return made
}

func add(t testing.TB, service *SessionService, to session.Session, event *session.Event) {
	t.Helper()
	if err := service.AppendEvent(t.Context(), to, event); err != nil {
		t.Fatal(err)
	}
}

// ids are the ids of a session's events, in their order.
func ids(of session.Session) []string {
	found := []string{}
	for event := range of.Events().All() {
		found = append(found, event.ID)
	}
	return found
}
