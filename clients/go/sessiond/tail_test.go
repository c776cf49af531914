package sessiond

import (
	"context"
	"errors"
	"slices"
	"testing"

	"google.golang.org/adk/v2/session"

	"sessiond.dev/go/tail"
)

func TestATailOverTheService(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	add(t, service, made, event("1", nil))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := []string{}
	for update, err := range service.Tail(ctx, made.key, tail.Options{}) {
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch update := update.(type) {
		case tail.Events:
			for _, message := range update.Events {
				each, err := EventFromProto(message)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, each.ID)
			}
			if len(got) == 2 {
				cancel()
			}
		case tail.CaughtUp:
			// Calls go on beside it.
			add(t, service, made, event("2", nil))
		}
	}
	if !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("the events are %v", got)
	}
	other, err := key(app, "u", "none")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range service.Tail(t.Context(), other, tail.Options{}) {
		if !errors.Is(err, ErrSessionNotFound) || err.Error() != "session none not found" {
			t.Errorf("the error is %v", err)
		}
	}
	// Closing the service ends it.
	for update, err := range service.Tail(t.Context(), made.key, tail.Options{}) {
		if _, caughtUp := update.(tail.CaughtUp); caughtUp {
			service.Close()
		}
		if _, waiting := update.(tail.Waiting); waiting {
			t.Fatal("it waits")
		}
		_ = err
	}
	if _, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"}); err == nil {
		t.Error("the service is not closed")
	}
}
