package sessiond

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc/codes"
)

// How many calls of a channel are under way at once. A server takes 256 streams of a connection where nothing else is
// set. Less than half of that, since streams whose time is up and those that come in their place count together for a
// moment, and a server that has more of them refuses some; more at once are not answered faster.
const (
	callsAtOnce     = 100
	historiesAtOnce = 64
)

// line lets a number of calls be under way at once. The others wait in it, first come, first served: in gRPC's own queue
// their deadlines would run.
type line struct {
	target string
	// patience is how long a call waits while the server answers none of the line.
	patience time.Duration
	places   *semaphore.Weighted
	// open ends when the service is closed.
	open context.Context

	mu       sync.Mutex
	answered time.Time // when the server last answered one of its calls
	failed   *Error    // how a call ended that got no answer in all its time; nil after an answer
}

func newLine(open context.Context, target string, places int64, patience time.Duration) *line {
	return &line{target: target, patience: patience, places: semaphore.NewWeighted(places), open: open}
}

// turn is what a call has when it is its turn.
type turn struct {
	// end is when its time is up.
	end time.Time
	// behind is what its caller hears where the server does not answer it either; nil where nothing is known against the
	// server.
	behind *Error
}

// enter waits for the call's turn. Whoever entered has to leave. An error is an *Error: the context ended or the service
// was closed while the call waited, or calls failed and the server answered none for so long that it is not asked again.
func (l *line) enter(ctx context.Context, name string) (turn, error) {
	joined := time.Now()
	if l.places.TryAcquire(1) {
		return turn{end: joined.Add(l.patience)}, nil
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.open, cancel)()
	if l.places.Acquire(waiting, 1) != nil {
		if ctx.Err() != nil {
			return turn{}, fromContext(ctx, name)
		}
		return turn{}, &Error{Code: codes.Canceled, message: name + ": the session service is closed"}
	}
	got, failure := l.turn(name, joined)
	if failure != nil {
		l.leave()
		return turn{}, failure
	}
	return got, nil
}

// leave gives the place to the next call.
func (l *line) leave() { l.places.Release(1) }

// turn begins the time of a call now, unless one before it got no answer in all its time, nor any since: then what it has
// waited counts, so that all calls to a server that is gone end together.
func (l *line) turn(name string, joined time.Time) (turn, *Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since := joined
	if l.answered.After(joined) {
		since = l.answered
	}
	now := time.Now()
	silent := now.Sub(since)
	switch {
	case l.failed == nil:
		return turn{end: now.Add(l.patience)}, nil
	case silent < l.patience:
		return turn{since.Add(l.patience), l.unanswered(name, silent)}, nil
	}
	return turn{}, l.unanswered(name, silent)
}

// unanswered is the error of a call that waited behind others without answer.
func (l *line) unanswered(name string, silent time.Duration) *Error {
	return &Error{Code: l.failed.Code, kind: l.failed.kind, cause: l.failed.cause, message: fmt.Sprintf(
		"%s: waited %v behind calls that %s did not answer (%s)",
		name, silent.Round(time.Millisecond), l.target, l.failed.message)}
}

// tried is told how each try of a call in the line ended, nil for well.
func (l *line) tried(failure *Error) {
	if failure != nil && !failure.answered() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered, l.failed = time.Now(), nil
}

// gaveUp is told how a call failed at last.
func (l *line) gaveUp(failure *Error) {
	if failure.answered() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = failure
}
