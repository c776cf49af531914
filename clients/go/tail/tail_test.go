package tail

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"sessiond.dev/go/internal/testserver"
	pb "sessiond.dev/go/sessiond/v1"
	"sessiond.dev/go/status"
)

var shared string

var quick = Backoff{Initial: 50 * time.Millisecond, Longest: 200 * time.Millisecond}

func TestMain(m *testing.M) {
	os.Exit(testserver.Shared(func(target string) int {
		shared = target
		return m.Run()
	}))
}

func dial(t *testing.T, target string) *grpc.ClientConn {
	t.Helper()
	channel, err := Dial(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { channel.Close() })
	return channel
}

// sessions are the plain stubs, for one session.
type sessions struct {
	t     *testing.T
	key   *pb.SessionKey
	stubs pb.SessionServiceClient
}

func newSession(t *testing.T, target string) *sessions {
	t.Helper()
	made := &sessions{
		t: t, stubs: pb.NewSessionServiceClient(dial(t, target)),
		key: &pb.SessionKey{AppName: "app-" + uuid.NewString(), UserId: "u", SessionId: "s"},
	}
	made.create()
	return made
}

func (s *sessions) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *sessions) create() {
	s.t.Helper()
	_, err := s.stubs.CreateSession(s.t.Context(),
		&pb.CreateSessionRequest{Key: s.key, State: map[string]string{"k": "1"}}, grpc.WaitForReady(true))
	s.must(err)
}

func (s *sessions) delete() {
	s.t.Helper()
	_, err := s.stubs.DeleteSession(s.t.Context(), &pb.DeleteSessionRequest{Key: s.key}, grpc.WaitForReady(true))
	s.must(err)
}

func (s *sessions) append(ids ...string) {
	s.t.Helper()
	request := &pb.BatchAppendEventsRequest{Key: s.key}
	for _, id := range ids {
		request.Events = append(request.Events, &pb.Event{Id: id, Content: "{}"})
	}
	_, err := s.stubs.BatchAppendEvents(s.t.Context(), request, grpc.WaitForReady(true))
	s.must(err)
}

func (s *sessions) rename(name string) {
	s.t.Helper()
	_, err := s.stubs.UpdateSession(s.t.Context(),
		&pb.UpdateSessionRequest{Key: s.key, DisplayName: name}, grpc.WaitForReady(true))
	s.must(err)
}

// reader takes the updates of a tail one by one.
type reader struct {
	t    *testing.T
	next func() (Update, error, bool)
	stop func()
}

func read(t *testing.T, updates iter.Seq2[Update, error]) *reader {
	next, stop := iter.Pull2(updates)
	t.Cleanup(stop)
	return &reader{t, next, stop}
}

// until gives the updates up to the first that fits.
func (r *reader) until(fits func(Update) bool) []Update {
	r.t.Helper()
	found := []Update{}
	for {
		update, err, ok := r.next()
		if err != nil || !ok {
			r.t.Fatalf("%v after %v", err, found)
		}
		found = append(found, update)
		if fits(update) {
			return found
		}
	}
}

func is[T Update](update Update) bool {
	_, ok := update.(T)
	return ok
}

func hasEvent(id string) func(Update) bool {
	return func(update Update) bool { return slices.Contains(ids([]Update{update}), id) }
}

func ids(updates []Update) []string {
	found := []string{}
	for _, update := range updates {
		if events, ok := update.(Events); ok {
			for _, event := range events.Events {
				found = append(found, event.GetId())
			}
		}
	}
	return found
}

func wantIDs(t *testing.T, updates []Update, want ...string) {
	t.Helper()
	if got := ids(updates); !slices.Equal(got, want) {
		t.Errorf("the events are %v, not %v", got, want)
	}
}

func failure(updates iter.Seq2[Update, error]) error {
	for _, err := range updates {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestHistoryThenLive(t *testing.T) {
	t.Parallel()
	session := newSession(t, shared)
	session.append("1", "2", "3")
	updates := read(t, Follow(t.Context(), dial(t, shared), session.key, Options{}))
	found := updates.until(is[CaughtUp])
	opened := found[0].(Opened)
	if opened.Session.GetHeadSeq() != 3 || opened.Session.GetState()["k"] != "1" || opened.Resumed {
		t.Errorf("opened is %v", opened)
	}
	wantIDs(t, found, "1", "2", "3")
	session.append("4")
	wantIDs(t, updates.until(hasEvent("4")), "4")
	session.rename("A name")
	found = updates.until(is[Changed])
	change := found[len(found)-1].(Changed).Change
	if change.GetAfterSeq() != 4 || !slices.Equal(change.GetChanged().GetPaths(), []string{"display_name"}) {
		t.Errorf("the change is %v", change)
	}
}

func TestWhereItBegins(t *testing.T) {
	t.Parallel()
	session := newSession(t, shared)
	session.append("1", "2", "3")
	one, none, first := int32(1), int32(0), int64(1)
	for _, test := range []struct {
		options Options
		want    []string
	}{
		{Options{AfterSeq: &first}, []string{"2", "3"}},
		{Options{NumRecentEvents: &one}, []string{"3"}},
		{Options{NumRecentEvents: &none}, nil},
		{Options{AfterTime: time.Now().Add(time.Hour)}, nil},
		{Options{AfterTime: time.Unix(1, 0)}, []string{"1", "2", "3"}},
	} {
		updates := read(t, Follow(t.Context(), dial(t, shared), session.key, test.options))
		wantIDs(t, updates.until(is[CaughtUp]), test.want...)
	}
}

func placeOf(update Update) Place {
	return reflect.ValueOf(update).FieldByName("Place").Interface().(Place)
}

func TestAResumeFromEachCursor(t *testing.T) {
	t.Parallel()
	session, channel := newSession(t, shared), dial(t, shared)
	for number := range 5 {
		session.append(fmt.Sprint(number, "a"), fmt.Sprint(number, "b"))
		session.rename(fmt.Sprint("name ", number))
	}
	updates := read(t, Follow(t.Context(), channel, session.key, Options{}))
	found := updates.until(is[CaughtUp])
	session.append("5")
	found = append(found, updates.until(hasEvent("5"))...)
	everything := ids(found)
	if len(everything) != 11 {
		t.Fatalf("there are %v", everything)
	}
	for index, update := range found {
		rest := read(t, Follow(t.Context(), channel, session.key, Options{Cursor: placeOf(update).Cursor})).until(is[CaughtUp])
		if !rest[0].(Opened).Resumed {
			t.Error("it says that it begins")
		}
		wantIDs(t, slices.Concat(found[:index+1], rest), everything...)
	}
}

func TestAServerThatIsKilled(t *testing.T) {
	t.Parallel()
	server := testserver.Own(t)
	session := newSession(t, server.Target)
	session.append("1")
	updates := read(t, Follow(t.Context(), dial(t, server.Target), session.key, Options{Backoff: quick}))
	found := updates.until(is[CaughtUp])
	for _, name := range []string{"2", "3"} {
		server.Kill()
		found = append(found, updates.until(is[Waiting])...)
		server.Start(t)
		// While the tail is away: only a resume from the cursor tells of a change.
		session.rename(name)
		session.append(name)
		found = append(found, updates.until(hasEvent(name))...)
	}
	// And one that goes down in good order.
	stopped := make(chan struct{})
	go func() {
		server.Stop()
		close(stopped)
	}()
	found = append(found, updates.until(is[Waiting])...)
	<-stopped
	server.Start(t)
	session.append("4")
	found = append(found, updates.until(hasEvent("4"))...)
	wantIDs(t, found, "1", "2", "3", "4")
	changes, resumed := []int64{}, []bool{}
	for _, update := range found {
		switch update := update.(type) {
		case Changed:
			changes = append(changes, update.Change.GetAfterSeq())
		case Opened:
			resumed = append(resumed, update.Resumed)
		}
	}
	if !slices.Equal(changes, []int64{1, 2}) || !slices.Equal(resumed, []bool{false, true, true, true}) {
		t.Errorf("changes %v, resumed %v", changes, resumed)
	}
}

// Cut again and again while another writes, it leaves no event out and gives none twice.
func TestConnectionsThatAreCut(t *testing.T) {
	t.Parallel()
	session, proxy := newSession(t, shared), testserver.NewProxy(t, shared)
	updates := read(t, Follow(t.Context(), dial(t, proxy.Target), session.key, Options{Backoff: quick}))
	want, found := []string{}, []Update{}
	for round := range 10 {
		batch := []string{fmt.Sprint(round, "a"), fmt.Sprint(round, "b")}
		session.append(batch...)
		want = append(want, batch...)
		if round%2 == 0 {
			proxy.Cut()
		}
		found = append(found, updates.until(hasEvent(batch[1]))...)
		if round%2 == 1 {
			proxy.Cut()
		}
	}
	wantIDs(t, found, want...)
}

func TestAConnectionThatFallsSilent(t *testing.T) {
	t.Parallel()
	session, proxy := newSession(t, shared), testserver.NewProxy(t, shared)
	updates := read(t, Follow(t.Context(), dial(t, proxy.Target), session.key,
		Options{Heartbeat: time.Second, Backoff: quick}))
	updates.until(is[CaughtUp])
	proxy.LoseAnswers()
	session.append("1")
	found := updates.until(is[Waiting])
	if err := found[len(found)-1].(Waiting).Err; !errors.Is(err, ErrSilence) {
		t.Errorf("the error is %v", err)
	}
	proxy.Cut()
	wantIDs(t, append(found, updates.until(hasEvent("1"))...), "1")
}

func TestASessionThatIsDeletedAndMadeAgain(t *testing.T) {
	t.Parallel()
	session, channel := newSession(t, shared), dial(t, shared)
	session.append("1")
	updates := read(t, Follow(t.Context(), channel, session.key, Options{}))
	found := updates.until(is[CaughtUp])
	cursor := placeOf(found[len(found)-1]).Cursor
	session.delete()
	found = updates.until(is[Ended])
	if reason := found[len(found)-1].(Ended).Reason; reason != Deleted {
		t.Errorf("the reason is %s", reason)
	}
	if _, _, more := updates.next(); more {
		t.Error("it goes on")
	}
	err := failure(Follow(t.Context(), channel, session.key, Options{Cursor: cursor}))
	if status.Reason(err) != "SESSION_NOT_FOUND" {
		t.Errorf("the error is %v", err)
	}
	session.create()
	err = failure(Follow(t.Context(), channel, session.key, Options{Cursor: cursor}))
	if status.Reason(err) != "SESSION_RECREATED" {
		t.Errorf("the error is %v", err)
	}
	err = failure(Follow(t.Context(), channel, session.key, Options{Cursor: "none"}))
	if status.Reason(err) != "INVALID_CURSOR" {
		t.Errorf("the error is %v", err)
	}
	if _, asked := status.RetryDelay(err); asked {
		t.Error("it asks for a retry")
	}
}

func TestMoreTailsThanTheServerTakes(t *testing.T) {
	t.Parallel()
	server := testserver.Own(t, "--max-tails-per-session", "1")
	session, channel := newSession(t, server.Target), dial(t, server.Target)
	first := read(t, Follow(t.Context(), channel, session.key, Options{}))
	first.until(is[CaughtUp])
	second := read(t, Follow(t.Context(), channel, session.key, Options{Backoff: quick}))
	found := second.until(is[Waiting])
	waiting := found[len(found)-1].(Waiting)
	if asked, ok := status.RetryDelay(waiting.Err); !ok || asked <= 0 || waiting.Delay < asked {
		t.Errorf("it waits %v for %v", waiting.Delay, waiting.Err)
	}
	// Leaving the first ends its call at the server, though the channel stays open.
	first.stop()
	second.until(is[CaughtUp])
}

func TestAContextThatEnds(t *testing.T) {
	t.Parallel()
	session, channel := newSession(t, shared), dial(t, shared)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for update, err := range Follow(ctx, channel, session.key, Options{}) {
		if is[CaughtUp](update) {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("the error is %v", last)
	}
	// Also while it waits for a server.
	nobody := dial(t, fmt.Sprintf("127.0.0.1:%d", testserver.FreePort()))
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	for update, err := range Follow(ctx, nobody, session.key, Options{}) {
		if is[Waiting](update) {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("the error is %v", last)
	}
	if err := failure(Follow(ctx, channel, session.key, Options{})); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestAChannelThatIsClosed(t *testing.T) {
	t.Parallel()
	session, channel := newSession(t, shared), dial(t, shared)
	updates := read(t, Follow(t.Context(), channel, session.key, Options{}))
	updates.until(is[CaughtUp])
	channel.Close()
	if update, err, _ := updates.next(); err == nil {
		t.Errorf("it goes on with %v", update)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	broken := errors.New("no token")
	err := failure(Follow(t.Context(), dial(t, shared), &pb.SessionKey{}, Options{
		Metadata: func(context.Context) (metadata.MD, error) { return nil, broken },
	}))
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}

func TestACallerThatStalls(t *testing.T) {
	t.Parallel()
	server := testserver.Own(t, "--stall-timeout", "1s")
	session := newSession(t, server.Target)
	content := fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", 1_000_000))
	const count = 24
	want := []string{}
	for number := range count {
		id := fmt.Sprint(number)
		_, err := session.stubs.AppendEvent(t.Context(),
			&pb.AppendEventRequest{Key: session.key, Event: &pb.Event{Id: id, Content: content}})
		session.must(err)
		want = append(want, id)
	}
	updates := read(t, Follow(t.Context(), dial(t, server.Target), session.key, Options{Backoff: quick}))
	found := updates.until(is[Events])
	// The server cannot get rid of the rest, since nothing is read ahead, and ends the stream.
	testserver.Until(t, func() bool { return server.Metric(t, "sessiond_tails_open") == 0 })
	found = append(found, updates.until(is[CaughtUp])...)
	wantIDs(t, found, want...)
	if !slices.ContainsFunc(found, is[Waiting]) {
		t.Error("it was not ended")
	}
}

// No server of ours does this to a client.
func TestWhatIsRepeatedAndWhatIsMissing(t *testing.T) {
	follower := newFollower(nil, &pb.StreamEventsRequest{})
	events := []*pb.Event{}
	for seq := range int64(8) {
		events = append(events, &pb.Event{Seq: seq})
	}
	for _, test := range []struct{ from, to, count int }{{1, 4, 3}, {2, 5, 1}, {3, 5, 0}} {
		if fresh, err := follower.fresh(events[test.from:test.to]); err != nil || len(fresh) != test.count {
			t.Errorf("%v gives %v (%v)", test, fresh, err)
		}
	}
	follower.live = true
	if _, err := follower.fresh([]*pb.Event{events[6]}); !errors.Is(err, ErrGap) {
		t.Errorf("the error is %v", err)
	}
	if fresh, err := follower.fresh(events[5:]); err != nil || len(fresh) != 3 {
		t.Errorf("%v (%v)", fresh, err)
	}
}

func TestWaits(t *testing.T) {
	for failures, longest := range []time.Duration{250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000} {
		for range 100 {
			if wait := (Backoff{}).delay(failures); wait < 0 || wait > longest*time.Millisecond {
				t.Errorf("after %d failures %v", failures, wait)
			}
		}
	}
	if wait := (Backoff{}).delay(1000); wait > 10*time.Second {
		t.Errorf("it waits %v", wait)
	}
}

func TestNoADKInThisPackage(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(text), `"google.golang.org`+"/adk") {
			t.Errorf("%s needs ADK (%v)", file, err)
		}
	}
}
