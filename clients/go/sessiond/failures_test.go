package sessiond

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/adk/v2/session"
	"google.golang.org/genai"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"sessiond.dev/go/internal/testserver"
)

// untouched gives a function that fails if the session or the event have changed meanwhile.
func untouched(t *testing.T, of *Session, sent *session.Event) func() {
	revision, state, events := of.Revision(), stateOf(of), ids(of)
	delta, id := fmt.Sprint(sent.Actions.StateDelta), sent.ID
	return func() {
		t.Helper()
		if of.Revision() != revision || !reflect.DeepEqual(stateOf(of), state) || !reflect.DeepEqual(ids(of), events) {
			t.Error("the session was changed")
		}
		if fmt.Sprint(sent.Actions.StateDelta) != delta || sent.ID != id {
			t.Error("the event was changed")
		}
	}
}

func appendInBackground(t *testing.T, service *SessionService, to *Session, sent *session.Event) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- service.AppendEvent(t.Context(), to, sent) }()
	return ended
}

func TestAFailedAppendTouchesNothing(t *testing.T) {
	t.Parallel()
	server, app := testserver.Own(t), newApp()
	service := newService(t, server.Target, WithDeadline(3*time.Second))
	made := create(t, service, app, "s", map[string]any{"k": 0.0})
	add(t, service, made, event("1", nil))
	server.Kill()
	sent := event("", map[string]any{"temp:a": 1, "k": 2.0})
	check := untouched(t, made, sent)
	err := service.AppendEvent(t.Context(), made, sent)
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
	check()
	ctx := t.Context()
	var all sync.WaitGroup
	for name, call := range map[string]func() error{
		"create": func() error {
			_, err := service.Create(ctx, &session.CreateRequest{AppName: app, UserID: "u"})
			return err
		},
		"get": func() error {
			_, err := service.Get(ctx, &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"})
			return err
		},
		"list": func() error {
			_, err := service.List(ctx, &session.ListRequest{AppName: app})
			return err
		},
		"delete": func() error {
			return service.Delete(ctx, &session.DeleteRequest{AppName: app, UserID: "u", SessionID: "s"})
		},
	} {
		all.Go(func() {
			if err := call(); !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
	server.Start(t)
	// The same objects work on, with the server that took over.
	add(t, service, made, sent)
	found, err := service.Get(ctx, &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"})
	if err != nil || stateOf(made)["temp:a"] != 1 || stateOf(found.Session)["k"] != 2.0 || found.Session.Events().Len() != 2 {
		t.Errorf("%v, here %v", err, stateOf(made))
	}
}

func TestARestartIsNotNoticed(t *testing.T) {
	t.Parallel()
	server, app := testserver.Own(t), newApp()
	service := newService(t, server.Target, WithDeadline(100*time.Second))
	made := create(t, service, app, "s", nil)
	server.Kill()
	ended := appendInBackground(t, service, made, event("1", nil))
	server.Start(t)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	same(t, made, get(t, service, app, "s"))
}

func TestAnAnswerThatIsLost(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	service := newService(t, proxy.Target, WithDeadline(60*time.Second))
	made := create(t, service, app, "s", nil)
	lost := proxy.LoseAnswers()
	ended := appendInBackground(t, service, made, event("1", map[string]any{"n": 1.0}))
	<-lost
	proxy.Cut()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	add(t, service, made, event("2", nil))
	found := get(t, newService(t, shared), app, "s")
	same(t, made, found)
	if got := ids(found); !reflect.DeepEqual(got, []string{"1", "2"}) {
		t.Errorf("stored are %v", got)
	}
}

// A connection that swallows everything without breaking: a firewall that forgot it.
func TestAnAnswerThatNeverComesIsAskedForAgain(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	tries := make(chan bool, 100)
	service := newService(t, proxy.Target, WithDeadline(8*time.Second), WithMetadataFunc(
		func(context.Context) (metadata.MD, error) {
			tries <- true
			return nil, nil
		}))
	made := create(t, service, app, "s", nil)
	<-tries
	lost := proxy.LoseAnswers()
	ended := appendInBackground(t, service, made, event("1", nil))
	<-lost
	<-tries
	select {
	case <-tries: // the first try has given up by now
	case err := <-ended:
		t.Fatalf("there was no second try: %v", err)
	}
	proxy.Cut()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	add(t, service, made, event("2", nil))
	same(t, made, get(t, service, app, "s"))
}

func TestACreateWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	service := newService(t, proxy.Target, WithDeadline(60*time.Second))
	if _, err := service.List(t.Context(), &session.ListRequest{AppName: app}); err != nil {
		t.Fatal(err)
	}
	lost := proxy.LoseAnswers()
	type outcome struct {
		made *session.CreateResponse
		err  error
	}
	ended := make(chan outcome, 1)
	go func() {
		made, err := service.Create(t.Context(), &session.CreateRequest{
			AppName: app, UserID: "u", SessionID: "s", State: map[string]any{"k": 1.0},
		})
		ended <- outcome{made, err}
	}()
	<-lost
	proxy.Cut()
	got := <-ended
	if got.err != nil {
		t.Fatal(got.err)
	}
	same(t, got.made.Session.(*Session), get(t, service, app, "s"))
	add(t, service, got.made.Session, event("1", nil))
}

// Repeated after its answer was lost, a delete is not one of the session that has the key by then.
func TestADeleteWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	service, direct := newService(t, proxy.Target, WithDeadline(60*time.Second)), newService(t, shared)
	create(t, service, app, "s", nil)
	lost := proxy.LoseAnswers()
	ended := make(chan error, 1)
	go func() {
		ended <- service.Delete(t.Context(), &session.DeleteRequest{AppName: app, UserID: "u", SessionID: "s"})
	}()
	<-lost
	made := create(t, direct, app, "s", nil)
	proxy.Cut()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	same(t, made, get(t, direct, app, "s"))
}

func TestAServerKilledBetweenCommitAndAnswer(t *testing.T) {
	t.Parallel()
	server, app := testserver.Own(t), newApp()
	proxy := testserver.NewProxy(t, server.Target)
	service := newService(t, proxy.Target, WithDeadline(100*time.Second))
	made := create(t, service, app, "s", nil)
	lost := proxy.LoseAnswers()
	ended := appendInBackground(t, service, made, event("1", map[string]any{"n": 1.0}))
	// The server has answered, so it has committed; nobody has heard of it when it dies.
	<-lost
	server.Kill()
	server.Start(t)
	proxy.Cut()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	add(t, service, made, event("2", nil))
	same(t, made, get(t, service, app, "s"))
}

func TestAReadThatBreaksOffIsBegunAgain(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	service := newService(t, proxy.Target)
	made := create(t, service, app, "s", nil)
	add(t, service, made, event("1", nil))
	for _, request := range []*session.GetRequest{{AppName: app, UserID: "u", SessionID: "s"}, byStream(app)} {
		lost := proxy.LoseAnswers()
		read := make(chan *session.GetResponse, 1)
		go func() {
			found, err := service.Get(t.Context(), request)
			if err != nil {
				t.Error(err)
			}
			read <- found
		}()
		<-lost
		proxy.Cut()
		if found := <-read; found != nil {
			same(t, made, found.Session.(*Session))
		}
	}
}

// Cut again and again, a history comes without a gap and without a double.
func TestAHistoryGoesOnWhereItBrokeOff(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	service, direct := newService(t, proxy.Target), newService(t, shared)
	made := create(t, direct, app, "s", nil)
	const count = 60
	text := strings.Repeat("x", 60_000)
	for range count {
		add(t, direct, made, event("", map[string]any{"k": text}))
	}
	got := []string{}
	for each, err := range service.History(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, each.ID)
		if len(got)%20 == 0 {
			proxy.Cut()
		}
	}
	if !reflect.DeepEqual(got, ids(made)) {
		t.Errorf("%d of %d events", len(got), count)
	}
}

func TestAHistoryThatStandsStill(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	service := newService(t, proxy.Target, WithStreamIdle(300*time.Millisecond))
	create(t, service, app, "s", nil)
	proxy.LoseAnswers()
	_, err := service.Get(t.Context(), byStream(app))
	if !errors.Is(err, ErrDeadline) || !strings.Contains(err.Error(), "stood still") {
		t.Errorf("the error is %v", err)
	}
}

func TestASlowServerIsNoError(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	service := newService(t, proxy.Target, WithDeadline(60*time.Second))
	made := create(t, service, app, "s", nil)
	proxy.Slow(200 * time.Millisecond)
	add(t, service, made, event("1", nil))
	same(t, made, get(t, service, app, "s"))
}

func TestADatabaseThatIsFull(t *testing.T) {
	t.Parallel()
	server, app := testserver.OnSmallDisk(t, 4), newApp()
	service := newService(t, server.Target)
	made := create(t, service, app, "s", nil)
	text := strings.Repeat("x", 200_000)
	var err error
	var sent *session.Event
	check := func() {}
	for range 40 {
		sent = event("", map[string]any{"temp:t": 1})
		sent.Content = genai.NewContentFromText(text, genai.RoleUser)
		check = untouched(t, made, sent)
		if err = service.AppendEvent(t.Context(), made, sent); err != nil {
			break
		}
	}
	var failure *Error
	if !errors.Is(err, ErrExhausted) || !errors.As(err, &failure) || failure.Reason != "STORE_FULL" {
		t.Fatalf("the error is %v", err)
	}
	check()
	// Reads go on.
	if found := get(t, service, app, "s"); !reflect.DeepEqual(ids(found), ids(made)) {
		t.Errorf("stored are %v, here %v", ids(found), ids(made))
	}
}

func TestAContextThatEnds(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	service := newService(t, proxy.Target)
	made := create(t, service, app, "s", nil)
	sent := event("1", map[string]any{"temp:a": 1})
	check := untouched(t, made, sent)
	lost := proxy.LoseAnswers()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- service.AppendEvent(ctx, made, sent) }()
	<-lost
	// One that waits for its turn ends with its context, too.
	late, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	err := service.AppendEvent(late, made, event("2", nil))
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrDeadline) {
		t.Errorf("the error is %v", err)
	}
	cancel()
	var failure *Error
	if err := <-ended; !errors.Is(err, context.Canceled) || !errors.As(err, &failure) || failure.Code != codes.Canceled {
		t.Errorf("the error is %v", err)
	}
	check()
	for _, err := range service.History(ctx, &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
	}
	proxy.Cut()
	// It is stored, and the same append again says so.
	add(t, service, made, sent)
	same(t, made, withTemp(get(t, service, app, "s"), made))
}

// withTemp sets the temporary state of one session in another, to compare the rest.
func withTemp(to, from *Session) *Session {
	for key, value := range from.State().All() {
		if strings.HasPrefix(key, session.KeyPrefixTemp) {
			_ = to.State().Set(key, value)
		}
	}
	return to
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	service := newService(t, fmt.Sprintf("sessiond://127.0.0.1:%d?deadline=3", testserver.FreePort()))
	if _, err := service.Create(t.Context(), &session.CreateRequest{AppName: "a", UserID: "u"}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
	if _, err := service.Get(t.Context(), &session.GetRequest{AppName: "a", UserID: "u", SessionID: "s"}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
}

func TestADeadlineSaysWhomItWaitedFor(t *testing.T) {
	t.Parallel()
	app := newApp()
	proxy := testserver.NewProxy(t, shared)
	create(t, newService(t, proxy.Target), app, "s", nil)
	service := newService(t, proxy.Target, WithDeadline(400*time.Millisecond))
	proxy.LoseAnswers()
	_, err := service.Create(t.Context(), &session.CreateRequest{AppName: app, UserID: "u"})
	if !errors.Is(err, ErrDeadline) && !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
	if errors.Is(err, ErrDeadline) && !strings.HasPrefix(err.Error(), "CreateSession: no answer from "+proxy.Target+" within 400ms") {
		t.Errorf("the text is %v", err)
	}
}

func TestMetadataGoesAlong(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	service := newService(t, shared, WithMetadataFunc(func(context.Context) (metadata.MD, error) {
		return metadata.Pairs("authorization", fmt.Sprintf("Bearer %d", calls.Add(1))), nil
	}))
	app := newApp()
	create(t, service, app, "s", nil)
	get(t, service, app, "s")
	if calls.Load() != 2 {
		t.Errorf("it was asked %d times", calls.Load())
	}
	broken := errors.New("no token")
	service = newService(t, shared, WithMetadataFunc(func(context.Context) (metadata.MD, error) { return nil, broken }))
	if _, err := service.List(t.Context(), &session.ListRequest{AppName: app}); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	if _, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"}); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}

func TestAServiceThatIsClosed(t *testing.T) {
	t.Parallel()
	service, app := newService(t, shared), newApp()
	create(t, service, app, "s", nil)
	if err := service.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"})
	var failure *Error
	if !errors.As(err, &failure) || failure.Code != codes.Canceled {
		t.Errorf("the error is %v", err)
	}
}
