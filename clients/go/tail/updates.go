// Package tail follows a session's history and live tail over any number of connections: no gap, no double
// (docs/streams.md of sessiond). It needs nothing but gRPC and the stubs.
package tail

import (
	"errors"
	"time"

	pb "sessiond.dev/go/sessiond/v1"
)

// Place is where an update stands in the session.
type Place struct {
	// Cursor resumes right after this update, in this process or another.
	Cursor string
	// Seq is the newest seq that the updates up to this one cover.
	Seq int64
}

// Update is what a tail tells: Opened, Events, Changed, CaughtUp, Ended or Waiting.
type Update interface{ update() }

// Opened is the session of now with its whole state: first, and again after every reconnect.
type Opened struct {
	Place
	Session *pb.Session
	// Resumed says whether the tail goes on, rather than begins.
	Resumed bool
}

// Events are events, in the order of seq.
type Events struct {
	Place
	Events []*pb.Event
}

// Changed says that the session changed without an event.
type Changed struct {
	Place
	Change *pb.ChangedFrame
}

// CaughtUp says that everything has come that was stored when the connection opened: what follows is live.
type CaughtUp struct{ Place }

// Ended is the last update.
type Ended struct {
	Place
	Reason EndReason
}

// Waiting says that the connection was lost, and is opened again after a while.
type Waiting struct {
	// Delay is how long until the next attempt.
	Delay time.Duration
	// Err is what ended the connection; nil where the server closed it in good order.
	Err error
}

func (Opened) update()   {}
func (Events) update()   {}
func (Changed) update()  {}
func (CaughtUp) update() {}
func (Ended) update()    {}
func (Waiting) update()  {}

// EndReason is why a tail ended for good.
type EndReason string

const (
	// Deleted: the session is gone.
	Deleted EndReason = "deleted"
	// Recreated: another session has the key now; start over without the cursor if that one is wanted.
	Recreated EndReason = "recreated"
	// Trimmed: the events after the cursor are no longer stored; start over without it.
	Trimmed EndReason = "trimmed"
)

var endReasons = map[pb.ClosingReason]EndReason{
	pb.ClosingReason_CLOSING_REASON_SESSION_DELETED:   Deleted,
	pb.ClosingReason_CLOSING_REASON_SESSION_RECREATED: Recreated,
	pb.ClosingReason_CLOSING_REASON_EVENTS_TRIMMED:    Trimmed,
}

// ErrGap is the error of a server that broke the protocol: an event is missing in the live tail.
var ErrGap = errors.New("sessiond: an event is missing in the live tail")

// ErrSilence is, in Waiting, that nothing came from the server in time, not even a heartbeat.
var ErrSilence = errors.New("sessiond: nothing came in time, not even a heartbeat")

// errCut is, in Waiting, a stream that ended without saying why.
var errCut = errors.New("sessiond: the stream ended without a reason")
