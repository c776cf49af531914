package sessiond

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/adk/v2/session"
	"google.golang.org/genai"
	"google.golang.org/grpc/metadata"

	"sessiond.dev/go/internal/testserver"
)

// beforeCall is an option that does something before the service's nth call.
func beforeCall(nth int32, work func()) Option {
	var calls atomic.Int32
	return WithMetadataFunc(func(context.Context) (metadata.MD, error) {
		if calls.Add(1) == nth {
			work()
		}
		return nil, nil
	})
}

func newest(t testing.TB, service *SessionService, app string, count int) *Session {
	t.Helper()
	found, err := service.Get(t.Context(), &session.GetRequest{
		AppName: app, UserID: "u", SessionID: "s", NumRecentEvents: count,
	})
	if err != nil {
		t.Fatal(err)
	}
	return found.Session.(*Session)
}

// addMany appends so many events, each with state.
func addMany(t testing.TB, service *SessionService, to *Session, count int) {
	t.Helper()
	for number := range count {
		add(t, service, to, event("", map[string]any{"last": float64(number), fmt.Sprint("k", number): true}))
	}
}

func eventsOf(of *Session) []*session.Event { return slices.Collect(of.Events().All()) }

func TestAShortHistoryComesInOneCall(t *testing.T) {
	t.Parallel()
	direct, app := newService(t, shared), newApp()
	service := newService(t, shared, beforeCall(6, func() { t.Error("there was another call") }))
	made := create(t, direct, app, "s", map[string]any{"a": 1.0})
	for range 3 {
		same(t, made, get(t, service, app, "s"))
		add(t, direct, made, event("", map[string]any{"b": 2.0}))
	}
	found := get(t, service, app, "s")
	same(t, made, found)
	if !reflect.DeepEqual(eventsOf(found), eventsOf(made)) {
		t.Errorf("the events are %v", eventsOf(found))
	}
	found = newest(t, service, app, 2)
	if !reflect.DeepEqual(ids(found), ids(made)[1:]) || !reflect.DeepEqual(stateOf(found), stateOf(made)) {
		t.Errorf("the newest are %v", ids(found))
	}
}

// The first events come with the session, the rest by a stream; what is appended in between is there, too.
func TestAHistoryInTwoParts(t *testing.T) {
	t.Parallel()
	direct, app := newService(t, shared), newApp()
	made := create(t, direct, app, "s", nil)
	addMany(t, direct, made, 100)
	for _, count := range []int{0, 70, 200} {
		from := func() []*session.Event {
			all := eventsOf(made)
			if count == 0 {
				return all
			}
			return all[max(0, len(all)-count):]
		}
		between := 0
		service := newService(t, shared, beforeCall(2, func() {
			between++
			addMany(t, direct, made, 3)
		}))
		found := newest(t, service, app, count)
		if between != 1 || !reflect.DeepEqual(eventsOf(found), from()) || !reflect.DeepEqual(stateOf(found), stateOf(made)) {
			t.Errorf("of the newest %d there are %d, and %d between", count, found.Events().Len(), between)
		}
		// It is up to date, so that it can be appended to.
		add(t, direct, found, event("", nil))
		made = get(t, direct, app, "s")
	}
}

func TestAnotherSessionOfTheSameKeyIsReadWhole(t *testing.T) {
	t.Parallel()
	direct, app := newService(t, shared), newApp()
	addMany(t, direct, create(t, direct, app, "s", nil), 100)
	var other *Session
	service := newService(t, shared, beforeCall(2, func() {
		remove(t, direct, app)
		other = create(t, direct, app, "s", nil)
		addMany(t, direct, other, 70)
	}))
	same(t, other, get(t, service, app, "s"))
}

func TestASessionThatIsDeletedBetweenItsParts(t *testing.T) {
	t.Parallel()
	direct, app := newService(t, shared), newApp()
	addMany(t, direct, create(t, direct, app, "s", nil), 100)
	service := newService(t, shared, beforeCall(2, func() { remove(t, direct, app) }))
	_, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"})
	if !errors.Is(err, ErrSessionNotFound) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnEventThatIsTooLargeForTheFirstPart(t *testing.T) {
	t.Parallel()
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	large := event("", nil)
	large.Content = genai.NewContentFromText(strings.Repeat("x", 300_000), genai.RoleUser)
	add(t, service, made, large)
	addMany(t, service, made, 3)
	same(t, made, get(t, service, app, "s"))
	if got := ids(newest(t, service, app, 4)); !reflect.DeepEqual(got, ids(made)) {
		t.Errorf("the newest are %v", got)
	}
}

func TestAStateThatDoesNotFitAMessage(t *testing.T) {
	t.Parallel()
	server, app := testserver.Own(t, "--max-event-bytes", "512KiB", "--max-message-bytes", "1MiB"), newApp()
	service := newService(t, server.Target)
	made := create(t, service, app, "s", nil)
	for number := range 4 {
		add(t, service, made, event("", map[string]any{fmt.Sprint("k", number): strings.Repeat("x", 400_000)}))
	}
	same(t, made, get(t, service, app, "s"))
}

func remove(t testing.TB, service *SessionService, app string) {
	t.Helper()
	if err := service.Delete(t.Context(), &session.DeleteRequest{AppName: app, UserID: "u", SessionID: "s"}); err != nil {
		t.Fatal(err)
	}
}
