package sessiond

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
)

const patience = 10 * time.Second

// inLine tests a line of two places in time that passes only where all wait.
func inLine(t *testing.T, test func(t *testing.T, line *line, closeService func())) {
	synctest.Test(t, func(t *testing.T) {
		open, closeService := context.WithCancel(t.Context())
		made := newLine(open, "host:1", 2, patience)
		test(t, made, closeService)
		synctest.Wait()
		allFree(t, made, 2)
	})
}

// allFree fails unless every place was given back, once.
func allFree(t *testing.T, of *line, places int64) {
	t.Helper()
	if !of.places.TryAcquire(places) {
		t.Fatal("a place was not given back")
	}
	if of.places.TryAcquire(1) {
		t.Fatal("a place was given back twice")
	}
	of.places.Release(places)
}

func enter(t *testing.T, line *line) {
	t.Helper()
	if _, err := line.enter(t.Context(), "Call"); err != nil {
		t.Fatal(err)
	}
}

// outcome is what a call that waited got.
type outcome struct {
	waited time.Duration
	left   time.Duration // from its turn on
	behind *Error
	err    error
}

// wait lets a call wait in line, and returns when it does. It leaves as soon as its turn has come.
func wait(ctx context.Context, line *line) <-chan outcome {
	got, joined := make(chan outcome, 1), time.Now()
	go func() {
		turn, err := line.enter(ctx, "Call")
		got <- outcome{time.Since(joined), time.Until(turn.end), turn.behind, err}
		if err == nil {
			line.leave()
		}
	}()
	synctest.Wait()
	return got
}

func TestFirstComeFirstServed(t *testing.T) {
	inLine(t, func(t *testing.T, line *line, _ func()) {
		enter(t, line)
		enter(t, line)
		turns := []int{}
		for number := range 20 {
			go func() {
				enter(t, line)
				turns = append(turns, number)
				// Whoever comes now comes behind those that wait.
				if line.places.TryAcquire(1) {
					t.Error("a place was free while calls waited")
				}
				line.leave()
			}()
			synctest.Wait()
		}
		line.leave()
		synctest.Wait()
		if !slices.IsSorted(turns) || len(turns) != 20 {
			t.Errorf("the turns were %v", turns)
		}
		line.leave()
	})
}

func TestTheTimeOfACallBeginsWithItsTurn(t *testing.T) {
	inLine(t, func(t *testing.T, line *line, _ func()) {
		enter(t, line)
		enter(t, line)
		waiting := wait(t.Context(), line)
		for range 5 {
			time.Sleep(patience - time.Second)
			line.tried(nil)
		}
		line.leave()
		if got := <-waiting; got != (outcome{5 * (patience - time.Second), patience, nil, nil}) {
			t.Errorf("it got %v", got)
		}
		line.leave()
	})
}

// What waited behind a call that its caller gave up has all its time.
func TestACallThatIsGivenUpSaysNothingOfTheServer(t *testing.T) {
	inLine(t, func(t *testing.T, line *line, _ func()) {
		enter(t, line)
		enter(t, line)
		waiting := wait(t.Context(), line)
		time.Sleep(2 * patience)
		line.leave()
		if got := <-waiting; got.left != patience || got.err != nil {
			t.Errorf("it got %v", got)
		}
		line.leave()
	})
}

func TestCallsBehindAServerThatIsGoneFailWithTheFirst(t *testing.T) {
	inLine(t, func(t *testing.T, line *line, _ func()) {
		enter(t, line)
		enter(t, line)
		first, second := wait(t.Context(), line), wait(t.Context(), line)
		time.Sleep(patience - time.Second)
		gone := &Error{Code: codes.Unavailable, kind: ErrUnavailable, message: "no route", cause: errors.New("cause")}
		line.tried(gone)
		line.gaveUp(gone)
		line.leave()
		// Those whose turn comes a moment before the time is up have what is left of it.
		for _, waiting := range []<-chan outcome{first, second} {
			got := <-waiting
			if got.left != time.Second || got.err != nil || !errors.Is(got.behind, ErrUnavailable) {
				t.Errorf("it got %v", got)
			}
		}
		enter(t, line)
		third := wait(t.Context(), line)
		time.Sleep(patience)
		line.leave()
		got := <-third
		var failure *Error
		if !errors.Is(got.err, ErrUnavailable) || !errors.As(got.err, &failure) || failure.Code != codes.Unavailable ||
			!errors.Is(got.err, gone.cause) ||
			got.err.Error() != "Call: waited 10s behind calls that host:1 did not answer (no route)" {
			t.Errorf("it got %v", got)
		}
		// One answer, and there is time again.
		fourth := wait(t.Context(), line)
		if got := <-fourth; got.err != nil {
			t.Errorf("a free place was not to be had: %v", got.err)
		}
		enter(t, line)
		fifth := wait(t.Context(), line)
		time.Sleep(patience / 2)
		line.tried(&Error{Code: codes.NotFound})
		time.Sleep(patience / 2)
		line.leave()
		if got := <-fifth; got != (outcome{patience, patience, nil, nil}) {
			t.Errorf("it got %v", got)
		}
		// What it waited before an answer does not count, whatever failed after it.
		enter(t, line)
		sixth := wait(t.Context(), line)
		time.Sleep(patience)
		line.tried(nil)
		time.Sleep(time.Second)
		line.gaveUp(gone)
		line.leave()
		if got := <-sixth; got.err != nil || got.left != patience-time.Second {
			t.Errorf("it got %v", got)
		}
		line.leave()
	})
}

func TestWhoIsCancelledLeavesTheLineAtOnce(t *testing.T) {
	inLine(t, func(t *testing.T, line *line, _ func()) {
		enter(t, line)
		enter(t, line)
		ctx, cancel := context.WithCancel(t.Context())
		late, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		cancelled, timedOut, stays := wait(ctx, line), wait(late, line), wait(t.Context(), line)
		cancel()
		if got := <-cancelled; got.waited != 0 || !errors.Is(got.err, context.Canceled) {
			t.Errorf("it got %v", got)
		}
		if got := <-timedOut; got.waited != time.Second || !errors.Is(got.err, context.DeadlineExceeded) || !errors.Is(got.err, ErrDeadline) {
			t.Errorf("it got %v", got)
		}
		line.leave()
		if got := <-stays; got.waited != time.Second || got.err != nil {
			t.Errorf("it got %v", got)
		}
		line.leave()
	})
}

// In the same moment as its turn comes.
func TestWhoIsCancelledInItsTurnGivesItOn(t *testing.T) {
	for range 200 {
		inLine(t, func(t *testing.T, line *line, _ func()) {
			enter(t, line)
			enter(t, line)
			ctx, cancel := context.WithCancel(t.Context())
			cancelled, next := wait(ctx, line), wait(t.Context(), line)
			go cancel()
			line.leave()
			<-cancelled
			if got := <-next; got.err != nil {
				t.Errorf("it got %v", got)
			}
			line.leave()
		})
	}
}

func TestAServiceThatIsClosedSendsTheLineAway(t *testing.T) {
	inLine(t, func(t *testing.T, line *line, closeService func()) {
		enter(t, line)
		enter(t, line)
		waiting := wait(t.Context(), line)
		closeService()
		got := <-waiting
		var failure *Error
		if !errors.As(got.err, &failure) || failure.Code != codes.Canceled || errors.Is(got.err, context.Canceled) ||
			!strings.Contains(got.err.Error(), "closed") {
			t.Errorf("it got %v", got)
		}
		line.leave()
		line.leave()
	})
}
