package sessiond

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/adk/v2/session"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	pb "sessiond.dev/go/sessiond/v1"
)

func stateOf(of session.Session) map[string]any {
	found := map[string]any{}
	for key, value := range of.State().All() {
		found[key] = value
	}
	return found
}

// same fails unless two objects stand for the same session, whichever call they came from.
func same(t testing.TB, one, other *Session) {
	t.Helper()
	if !reflect.DeepEqual(stateOf(one), stateOf(other)) {
		t.Errorf("states differ: %v and %v", stateOf(one), stateOf(other))
	}
	if !slices.Equal(ids(one), ids(other)) {
		t.Errorf("events differ: %v and %v", ids(one), ids(other))
	}
	if !one.LastUpdateTime().Equal(other.LastUpdateTime()) {
		t.Errorf("times differ: %v and %v", one.LastUpdateTime(), other.LastUpdateTime())
	}
	if one.UID() != other.UID() || one.Revision() != other.Revision() {
		t.Errorf("revisions differ: %s %d and %s %d", one.UID(), one.Revision(), other.UID(), other.Revision())
	}
}

func TestCreatedAppendedAndReadAreTheSame(t *testing.T) {
	service, app := newService(t, shared), newApp()
	created := create(t, service, app, "s", map[string]any{"k": 1.0, "user:u": "x", "app:a": nil, "temp:t": 1})
	want := map[string]any{"k": 1.0, "user:u": "x", "app:a": nil}
	if !reflect.DeepEqual(stateOf(created), want) {
		t.Fatalf("the state is %v", stateOf(created))
	}
	same(t, created, get(t, service, app, "s"))
	add(t, service, created, event("1", map[string]any{"k": 2.0, "user:v": []any{"y"}}))
	add(t, service, created, event("2", nil))
	found := get(t, service, app, "s")
	same(t, created, found)
	if !reflect.DeepEqual(created.Events().At(0), found.Events().At(0)) {
		t.Errorf("the event is %+v, and read %+v", created.Events().At(0), found.Events().At(0))
	}
}

func TestIdsAreTakenAsTheyAre(t *testing.T) {
	service, app := newService(t, shared), newApp()
	names := []string{"s", "S", " s ", "é/%", "user", strings.Repeat("x", 191)}
	for _, id := range names {
		create(t, service, app, id, map[string]any{"id": id})
	}
	for _, id := range names {
		if got := stateOf(get(t, service, app, id))["id"]; got != id {
			t.Errorf("session %q has the state of %v", id, got)
		}
	}
	if made := create(t, service, app, "", nil); made.ID() == "" {
		t.Error("the server gave no id")
	}
}

func TestADuplicate(t *testing.T) {
	service, app := newService(t, shared), newApp()
	create(t, service, app, "s", nil)
	_, err := service.Create(t.Context(), &session.CreateRequest{AppName: app, UserID: "u", SessionID: "s"})
	if !errors.Is(err, ErrSessionAlreadyExists) || err.Error() != "session s already exists" {
		t.Errorf("the error is %v", err)
	}
}

func TestOwnerTitleAndLabels(t *testing.T) {
	service, app := newService(t, shared), newApp()
	_, err := service.CreateWith(t.Context(), &session.CreateRequest{AppName: app, UserID: "u", SessionID: "s"},
		CreateOptions{OwnerID: "tenant", DisplayName: "A title", Labels: map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := pb.NewSessionServiceClient(service.connection.unary).GetSession(t.Context(),
		&pb.GetSessionRequest{Key: &pb.SessionKey{AppName: app, UserId: "u", SessionId: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	got := answer.GetSession()
	if got.GetOwnerId() != "tenant" || got.GetDisplayName() != "A title" || got.GetLabels()["a"] != "b" {
		t.Errorf("the session is %v", got)
	}
}

func TestFilters(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	base := time.Date(2025, 1, 1, 0, 0, 0, 123_456_000, time.UTC)
	for index, id := range []string{"1", "2", "3", "4", "5"} {
		each := event(id, nil)
		each.Timestamp = base.Add(time.Duration(index) * time.Microsecond)
		add(t, service, made, each)
	}
	for _, test := range []struct {
		recent int
		after  time.Time
		want   string
	}{
		{0, time.Time{}, "12345"},
		{-1, time.Time{}, "12345"},
		{2, time.Time{}, "45"},
		{math.MaxInt, time.Time{}, "12345"},
		{0, base.Add(2 * time.Microsecond), "345"},
		{0, base.Add(2*time.Microsecond + 1), "45"},
		{2, base.Add(2 * time.Microsecond), "45"},
		{4, base.Add(2 * time.Microsecond), "345"},
		{0, base.Add(time.Hour), ""},
	} {
		request := &session.GetRequest{
			AppName: app, UserID: "u", SessionID: "s", NumRecentEvents: test.recent, After: test.after,
		}
		found, err := service.Get(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(ids(found.Session), ""); got != test.want {
			t.Errorf("%d recent after %v: %q, not %q", test.recent, test.after, got, test.want)
		}
		listed := ""
		for each, err := range service.History(t.Context(), request) {
			if err != nil {
				t.Fatal(err)
			}
			listed += each.ID
		}
		if listed != test.want {
			t.Errorf("the history of %d recent after %v: %q, not %q", test.recent, test.after, listed, test.want)
		}
	}
	// A part of the history is enough to append.
	part, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "s", NumRecentEvents: 1})
	if err != nil {
		t.Fatal(err)
	}
	add(t, service, part.Session, event("6", nil))
	if got := strings.Join(ids(get(t, service, app, "s")), ""); got != "123456" {
		t.Errorf("stored are %q", got)
	}
}

func TestAHistoryCanBeLeftAndReadAgain(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	for _, id := range []string{"1", "2", "3"} {
		add(t, service, made, event(id, nil))
	}
	history := service.History(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"})
	for each, err := range history {
		if err != nil || each.ID != "1" {
			t.Fatal(each, err)
		}
		break
	}
	for range 2 {
		count := 0
		for range history {
			count++
		}
		if count != 3 {
			t.Errorf("another time it has %d events", count)
		}
	}
	for _, err := range service.History(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "none"}) {
		if !errors.Is(err, ErrSessionNotFound) {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestList(t *testing.T) {
	service, app := newService(t, shared), newApp()
	for _, name := range [][2]string{{"a", "1"}, {"b", "1"}, {"a", "2"}} {
		_, err := service.Create(t.Context(), &session.CreateRequest{
			AppName: app, UserID: name[0], SessionID: name[1],
			State: map[string]any{"user:name": name[0], "id": name[1]},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	first, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "a", SessionID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	add(t, service, first.Session, event("1", map[string]any{"app:all": true}))
	listed := func(user string) (names []string) {
		found, err := service.List(t.Context(), &session.ListRequest{AppName: app, UserID: user})
		if err != nil {
			t.Fatal(err)
		}
		for _, each := range found.Sessions {
			names = append(names, each.UserID()+each.ID())
			state := stateOf(each)
			if each.Events().Len() != 0 || state["user:name"] != each.UserID() || state["app:all"] != true {
				t.Errorf("%s has %d events and the state %v", each.ID(), each.Events().Len(), state)
			}
		}
		return names
	}
	if got := listed(""); !slices.Equal(got, []string{"b1", "a2", "a1"}) {
		t.Errorf("all: %v", got)
	}
	if got := listed("a"); !slices.Equal(got, []string{"a2", "a1"}) {
		t.Errorf("of a: %v", got)
	}
	if got := listed("nobody"); len(got) != 0 {
		t.Errorf("of nobody: %v", got)
	}
}

// What is written during the walk makes it miss nothing.
func TestAListOfSeveralPages(t *testing.T) {
	direct, app := newService(t, shared), newApp()
	first := create(t, direct, app, "", nil)
	for range pageSize + 4 {
		create(t, direct, app, "", nil)
	}
	calls := 0
	service := newService(t, shared, WithMetadataFunc(func(context.Context) (metadata.MD, error) {
		if calls++; calls == 2 {
			add(t, direct, first, event("", nil))
		}
		return nil, nil
	}))
	found, err := service.List(t.Context(), &session.ListRequest{AppName: app})
	if err != nil || len(found.Sessions) != pageSize+5 || calls != 2 {
		t.Errorf("%d sessions in %d calls, %v", len(found.Sessions), calls, err)
	}
}

func TestDelete(t *testing.T) {
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", map[string]any{"user:kept": 1.0})
	request := &session.DeleteRequest{AppName: app, UserID: "u", SessionID: "s"}
	for range 2 {
		if err := service.Delete(t.Context(), request); err != nil {
			t.Fatal(err)
		}
	}
	_, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"})
	if !errors.Is(err, ErrSessionNotFound) || err.Error() != "session s not found" {
		t.Errorf("the error is %v", err)
	}
	if err := service.AppendEvent(t.Context(), made, event("1", nil)); !errors.Is(err, ErrSessionNotFound) {
		t.Errorf("the error is %v", err)
	}
	if state := stateOf(create(t, service, app, "s", nil)); state["user:kept"] != 1.0 {
		t.Errorf("the state is %v", state)
	}
}

func TestWhatTheServerRefuses(t *testing.T) {
	service, app := newService(t, shared), newApp()
	_, err := service.Create(t.Context(), &session.CreateRequest{AppName: app, UserID: strings.Repeat("u", 192)})
	var failure *Error
	if !errors.Is(err, ErrInvalidRequest) || !errors.As(err, &failure) {
		t.Fatalf("the error is %v", err)
	}
	if failure.Code != codes.InvalidArgument || failure.Reason != "INVALID_FIELD" || failure.RequestID == "" ||
		!strings.Contains(failure.Violations["key.user_id"], "191") {
		t.Errorf("the error is %+v", failure)
	}
	if _, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "u"}); !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("without an id: %v", err)
	}
	if _, err := service.List(t.Context(), &session.ListRequest{AppName: "\xff"}); !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("an id that is not UTF-8: %v", err)
	}
}
