package sessiond

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"

	"google.golang.org/adk/v2/session"
)

func TestTemporaryState(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	sent := event("1", map[string]any{"temp:t": 1, "k": 2})
	add(t, service, made, sent)
	if sent.Actions.StateDelta["temp:t"] != 1 || len(sent.Actions.StateDelta) != 2 {
		t.Errorf("the caller's event was changed: %v", sent.Actions.StateDelta)
	}
	if state := stateOf(made); state["temp:t"] != 1 || state["k"] != 2 {
		t.Errorf("the session's state is %v", state)
	}
	if delta := made.Events().At(0).Actions.StateDelta; !reflect.DeepEqual(delta, map[string]any{"k": 2}) {
		t.Errorf("the session's event has the delta %v", delta)
	}
	if state := stateOf(get(t, service, app, "s")); !reflect.DeepEqual(state, map[string]any{"k": 2.0}) {
		t.Errorf("the stored state is %v", state)
	}
}

func TestAPartialEventIsNotSent(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	partial := event("1", map[string]any{"temp:t": 1})
	partial.Partial = true
	add(t, service, made, partial)
	if made.Events().Len() != 0 || len(stateOf(made)) != 0 || get(t, service, app, "s").Events().Len() != 0 {
		t.Error("it was kept")
	}
}

func TestAnEventWithoutAnId(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	sent := event("", nil)
	add(t, service, made, sent)
	if sent.ID == "" || made.Events().At(0).ID != sent.ID || get(t, service, app, "s").Events().At(0).ID != sent.ID {
		t.Errorf("the id is %q", sent.ID)
	}
}

func TestAStaleSession(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", map[string]any{"k": 0.0})
	other := get(t, service, app, "s")
	add(t, service, other, event("1", map[string]any{"k": 1.0}))
	sent := event("2", map[string]any{"k": 2.0, "temp:t": 1})
	err := service.AppendEvent(t.Context(), made, sent)
	var failure *Error
	if !errors.Is(err, ErrStaleSession) || !errors.As(err, &failure) || failure.Metadata["actual_revision"] != "2" {
		t.Fatalf("the error is %v", err)
	}
	if !strings.HasPrefix(err.Error(), "stale session error: ") {
		t.Errorf("the text is %q", err)
	}
	if made.Events().Len() != 0 || !reflect.DeepEqual(stateOf(made), map[string]any{"k": 0.0}) || made.Revision() != 1 {
		t.Error("the session was changed")
	}
	again := get(t, service, app, "s")
	add(t, service, again, sent)
	if got := ids(get(t, service, app, "s")); !reflect.DeepEqual(got, []string{"1", "2"}) {
		t.Errorf("stored are %v", got)
	}
}

func TestAppendingToAStaleSession(t *testing.T) {
	service, app := newService(t, shared, WithOnStale(AppendStale)), newApp()
	made := create(t, service, app, "s", nil)
	add(t, service, get(t, service, app, "s"), event("1", nil))
	add(t, service, made, event("2", nil))
	add(t, service, made, event("3", nil))
	if got := ids(get(t, service, app, "s")); !reflect.DeepEqual(got, []string{"1", "2", "3"}) {
		t.Errorf("stored are %v", got)
	}
	// Another session of the same key is none that the object stands for.
	if err := service.Delete(t.Context(), &session.DeleteRequest{AppName: app, UserID: "u", SessionID: "s"}); err != nil {
		t.Fatal(err)
	}
	create(t, service, app, "s", nil)
	if err := service.AppendEvent(t.Context(), made, event("4", nil)); !errors.Is(err, ErrStaleSession) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheSameEventAgain(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	before := get(t, service, app, "s")
	sent := event("1", map[string]any{"k": 1.0, "temp:t": true})
	add(t, service, made, sent)
	// By one that does not know that it is stored, and by ones that do.
	add(t, service, before, sent)
	same(t, made, before)
	add(t, service, before, sent)
	loaded := get(t, service, app, "s")
	add(t, service, loaded, sent)
	if got := ids(loaded); !reflect.DeepEqual(got, []string{"1"}) || stateOf(loaded)["temp:t"] != true {
		t.Errorf("events %v, state %v", got, stateOf(loaded))
	}
	same(t, made, loaded)
	other := event("1", nil)
	other.Author = "somebody else"
	if err := service.AppendEvent(t.Context(), loaded, other); !errors.Is(err, ErrEventIDConflict) {
		t.Errorf("the error is %v", err)
	}
}

func TestGoroutinesWithOneSession(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	const writers, each = 8, 10
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for number := range each {
				name := fmt.Sprintf("%d-%d", writer, number)
				if err := service.AppendEvent(t.Context(), made, event(name, map[string]any{name: 1.0})); err != nil {
					t.Error(err)
				}
				// What others read and set meanwhile is no race.
				for range made.Events().All() {
				}
				for range made.State().All() {
				}
				_, _ = made.State().Get(name)
				_ = made.State().Set("temp:"+name, number)
				_, _, _ = made.LastUpdateTime(), made.Revision(), made.UID()
			}
		})
	}
	all.Wait()
	found := get(t, service, app, "s")
	if !reflect.DeepEqual(ids(found), ids(made)) || len(ids(found)) != writers*each || len(stateOf(found)) != writers*each {
		t.Errorf("stored are %v, and here are %v", ids(found), ids(made))
	}
	// Each writer's own events are in its order.
	next := map[string]int{}
	for _, id := range ids(found) {
		writer, number, _ := strings.Cut(id, "-")
		if fmt.Sprint(next[writer]) != number {
			t.Errorf("%s came as number %d", id, next[writer])
		}
		next[writer]++
	}
}

func TestWhatCannotBeAppended(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	bad := event("1", nil)
	bad.Author = "\xff"
	nan := event("1", map[string]any{"k": math.NaN()})
	channel := event("1", nil)
	channel.Output = make(chan int)
	for name, test := range map[string]struct {
		event *session.Event
		kind  error
	}{
		"not UTF-8": {bad, ErrInvalidRequest},
		"NaN":       {nan, ErrInvalidRequest},
		"a channel": {channel, ErrInvalidRequest},
	} {
		if err := service.AppendEvent(t.Context(), made, test.event); !errors.Is(err, test.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range []error{
		service.AppendEvent(t.Context(), nil, event("1", nil)),
		service.AppendEvent(t.Context(), made, nil),
		service.AppendEvent(t.Context(), (*Session)(nil), event("1", nil)),
	} {
		if err == nil {
			t.Error("there is no error")
		}
	}
	if made.Events().Len() != 0 || get(t, service, app, "s").Revision() != 1 {
		t.Error("something was stored")
	}
	add(t, service, made, event("1", nil))
}

func TestATooLargeEventIsRefusedWithTheLimit(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	for _, test := range []struct {
		mebibytes int
		limit     string
	}{{64, "17825792"}, {16, "16777216"}} {
		large := event("1", map[string]any{"k": strings.Repeat("x", test.mebibytes<<20)})
		err := service.AppendEvent(t.Context(), made, large)
		var failure *Error
		if !errors.As(err, &failure) || !errors.Is(err, ErrTooLarge) || failure.Metadata["limit_bytes"] != test.limit {
			t.Errorf("%d MiB: %v", test.mebibytes, err)
		}
	}
	if made.Events().Len() != 0 || get(t, service, app, "s").Revision() != 1 {
		t.Error("something was stored")
	}
	add(t, service, made, event("1", nil))
}

func TestALargeEvent(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	text := strings.Repeat("é", 5<<19) // more than gRPC takes by itself
	add(t, service, made, event("1", map[string]any{"k": text}))
	found := get(t, service, app, "s")
	same(t, made, found)
	if stateOf(found)["k"] != text {
		t.Error("the state is another")
	}
}
