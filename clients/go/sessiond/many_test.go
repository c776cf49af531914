package sessiond

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/adk/v2/session"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"sessiond.dev/go/internal/testserver"
	pb "sessiond.dev/go/sessiond/v1"
	"sessiond.dev/go/tail"
)

// The tests here that keep the machine busy do not run beside others, whose deadlines are short.

// createAtOnce makes so many sessions of the user u at once, and gives a channel that has an error or nil for each.
func createAtOnce(ctx context.Context, service *SessionService, app string, count int) <-chan error {
	ended := make(chan error, count)
	for range count {
		go func() {
			_, err := service.Create(ctx, &session.CreateRequest{AppName: app, UserID: "u"})
			ended <- err
		}()
	}
	return ended
}

// all waits for so many calls, and counts how they ended, by their errors' kinds.
func all(ended <-chan error, count int) map[error]int {
	kinds := map[error]int{}
	for range count {
		err := <-ended
		var failure *Error
		if errors.As(err, &failure) && failure.kind != nil {
			err = failure.kind
		}
		kinds[err]++
	}
	return kinds
}

// landed fails unless all calls ended well, and every session is there once.
func landed(t *testing.T, target, app string, kinds map[error]int, count int) {
	t.Helper()
	if kinds[nil] != count {
		t.Errorf("of %d calls so many ended with: %v", count, kinds)
	}
	found, err := newService(t, target).List(t.Context(), &session.ListRequest{AppName: app})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Sessions) != count {
		t.Errorf("%d sessions are there", len(found.Sessions))
	}
}

// They take longer together than each may take, as no more than so many answers come in a second.
func TestManyCreatesAtOnceLand(t *testing.T) {
	t.Parallel()
	const count = 3000
	proxy := testserver.NewProxy(t, shared)
	proxy.Pace(50_000)
	service, app := newService(t, proxy.Target), newApp()
	begin := time.Now()
	kinds := all(createAtOnce(t.Context(), service, app, count), count)
	if took := time.Since(begin); took < 11*time.Second {
		t.Errorf("they ended within %v, which shows nothing with a deadline of 10s", took)
	}
	landed(t, shared, app, kinds, count)
	allFree(t, service.connection.calls, callsAtOnce)
}

func TestAServerThatRestartsUnderManyCalls(t *testing.T) {
	for name, end := range map[string]func(*testserver.Server){
		"killed":  (*testserver.Server).Kill,
		"stopped": (*testserver.Server).Stop,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const count = 1000
			server, app := testserver.Own(t), newApp()
			service := newService(t, server.Target, WithDeadline(100*time.Second))
			ended := createAtOnce(t.Context(), service, app, count)
			kinds := all(ended, count/10)
			end(server)
			server.Start(t)
			for kind, number := range all(ended, count-count/10) {
				kinds[kind] += number
			}
			landed(t, server.Target, app, kinds, count)
			allFree(t, service.connection.calls, callsAtOnce)
		})
	}
}

// All of them after about one deadline, and not after as many as it takes to try each.
func TestManyCallsToAServerThatDoesNotAnswer(t *testing.T) {
	const count, deadline, bound = 3000, 3 * time.Second, 60 * time.Second
	for name, test := range map[string]struct {
		target func(t *testing.T) string
		kinds  []error
	}{
		"nobody there": {func(*testing.T) string {
			return fmt.Sprintf("127.0.0.1:%d", testserver.FreePort())
		}, []error{ErrUnavailable}},
		"nothing comes back": {func(t *testing.T) string {
			proxy := testserver.NewProxy(t, shared)
			proxy.LoseAnswers()
			return proxy.Target
		}, []error{ErrDeadline, ErrUnavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := newService(t, test.target(t), WithDeadline(deadline))
			begin := time.Now()
			kinds := all(createAtOnce(t.Context(), service, newApp(), count), count)
			took := time.Since(begin)
			for _, kind := range test.kinds {
				delete(kinds, kind)
			}
			if len(kinds) != 0 || took > bound {
				t.Errorf("after %v there are %v", took, kinds)
			}
			allFree(t, service.connection.calls, callsAtOnce)
		})
	}
}

func TestAServerThatDiesUnderManyCalls(t *testing.T) {
	const count = 10_000
	server, app := testserver.Own(t), newApp()
	service := newService(t, server.Target, WithDeadline(3*time.Second))
	ended := createAtOnce(t.Context(), service, app, count)
	kinds := all(ended, count/100)
	server.Kill()
	begin := time.Now()
	for kind, number := range all(ended, count-count/100) {
		kinds[kind] += number
	}
	if took := time.Since(begin); took > 60*time.Second {
		t.Errorf("they ended %v after the server", took)
	}
	if kinds[ErrUnavailable] == 0 || kinds[nil]+kinds[ErrUnavailable] != count {
		t.Errorf("they ended with %v", kinds)
	}
	allFree(t, service.connection.calls, callsAtOnce)
	server.Start(t)
	create(t, service, app, "s", nil)
}

func TestManyCallsThatAreCancelled(t *testing.T) {
	t.Parallel()
	const count = 3000
	proxy := testserver.NewProxy(t, shared)
	service := newService(t, proxy.Target)
	lost := proxy.LoseAnswers()
	ctx, cancel := context.WithCancel(t.Context())
	ended := createAtOnce(ctx, service, newApp(), count)
	<-lost
	cancel()
	for range count {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	allFree(t, service.connection.calls, callsAtOnce)
}

func TestAServiceThatIsClosedUnderManyCalls(t *testing.T) {
	t.Parallel()
	const count = 3000
	proxy := testserver.NewProxy(t, shared)
	service := newService(t, proxy.Target)
	lost := proxy.LoseAnswers()
	ended := createAtOnce(t.Context(), service, newApp(), count)
	<-lost
	if err := service.Close(); err != nil {
		t.Fatal(err)
	}
	for range count {
		var failure *Error
		if err := <-ended; !errors.As(err, &failure) || failure.Code != codes.Canceled {
			t.Fatal(err)
		}
	}
	allFree(t, service.connection.calls, callsAtOnce)
}

// What gRPC itself finds too large is not sent again and again.
func TestALimitOfADialOption(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	counted := WithMetadataFunc(func(context.Context) (metadata.MD, error) {
		tries.Add(1)
		return nil, nil
	})
	app, text := newApp(), strings.Repeat("x", 5000)
	create(t, newService(t, shared), app, "s", map[string]any{"k": text})
	for _, limit := range []grpc.CallOption{grpc.MaxCallSendMsgSize(1000), grpc.MaxCallRecvMsgSize(1000)} {
		tries.Store(0)
		service := newService(t, shared, counted, WithDialOptions(grpc.WithDefaultCallOptions(limit)))
		_, err := service.Create(t.Context(), &session.CreateRequest{
			AppName: app, UserID: "u", State: map[string]any{"k": text},
		})
		if !errors.Is(err, ErrExhausted) || tries.Load() != 1 {
			t.Errorf("after %d tries the error is %v", tries.Load(), err)
		}
	}
}

// A time filters each of these histories, so that all of it comes by a stream.
func byStream(app string) *session.GetRequest {
	return &session.GetRequest{AppName: app, UserID: "u", SessionID: "s", After: time.Unix(1, 0)}
}

func TestHistoriesHaveALineAndTailsHaveNone(t *testing.T) {
	t.Parallel()
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	add(t, service, made, event("1", nil))
	line := service.connection.histories
	if !line.places.TryAcquire(historiesAtOnce) {
		t.Fatal("it is not free")
	}
	late, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if _, err := service.Get(late, byStream(app)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get did not wait: %v", err)
	}
	for _, err := range service.History(late, byStream(app)) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("History did not wait: %v", err)
		}
	}
	key := &pb.SessionKey{AppName: app, UserId: "u", SessionId: "s"}
	for update, err := range service.Tail(t.Context(), key, tail.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, live := update.(tail.CaughtUp); live {
			break
		}
	}
	var waiting sync.WaitGroup
	for range 200 {
		waiting.Go(func() {
			if found, err := service.Get(t.Context(), byStream(app)); err != nil {
				t.Error(err)
			} else {
				same(t, made, found.Session.(*Session))
			}
		})
	}
	line.places.Release(historiesAtOnce)
	waiting.Wait()
	allFree(t, line, historiesAtOnce)
}

// A loop over a history takes as long as it likes, and may read others in it.
func TestHistoriesWithinHistories(t *testing.T) {
	t.Parallel()
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	add(t, service, made, event("1", nil))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
	defer cancel()
	for range historiesAtOnce + 1 {
		next, stop := iter.Pull2(service.History(ctx, byStream(app)))
		defer stop()
		if event, err, _ := next(); err != nil || event.ID != "1" {
			t.Fatal(event, err)
		}
	}
	if _, err := service.Get(ctx, byStream(app)); err != nil {
		t.Error(err)
	}
	allFree(t, service.connection.histories, historiesAtOnce)
}

// As many tails as a connection takes streams.
func TestTailsDoNotHoldUpHistories(t *testing.T) {
	t.Parallel()
	const streams = 256
	service, app := newService(t, shared), newApp()
	made := create(t, service, app, "s", nil)
	add(t, service, made, event("1", nil))
	ctx, cancel := context.WithCancel(t.Context())
	live, ended := make(chan bool), sync.WaitGroup{}
	for range streams + 1 {
		ended.Go(func() {
			key := &pb.SessionKey{AppName: app, UserId: "u", SessionId: "s"}
			for update := range service.Tail(ctx, key, tail.Options{}) {
				if _, caughtUp := update.(tail.CaughtUp); caughtUp {
					live <- true
				}
			}
		})
	}
	for range streams {
		<-live
	}
	late, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	if _, err := service.Get(late, byStream(app)); err != nil {
		t.Error(err)
	}
	cancel()
	go func() {
		ended.Wait()
		close(live)
	}()
	for range live {
	}
}
