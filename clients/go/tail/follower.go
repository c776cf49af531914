package tail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/protobuf/proto"

	pb "sessiond.dev/go/sessiond/v1"
)

const (
	// Before the first frame nobody knows the interval; a server that accepts and never answers is as good as gone.
	firstFrame      = 30 * time.Second
	silentIntervals = 2.5
)

// lost is how a connection ended, if the tail may go on over another one.
type lost struct {
	err error
	// progressed: frames of use came over it, so that waiting begins anew.
	progressed bool
	// moved: the server is well and only wants the stream to be opened again.
	moved bool
}

// follower is what a tail keeps from one connection to the next.
type follower struct {
	channel grpc.ClientConnInterface
	start   *pb.StreamEventsRequest
	cursor  string
	// seen is the newest seq that was given to the caller; negative before it is known.
	seen    int64
	opened  *pb.Session
	silence time.Duration
	// live since the first caught_up, on any connection.
	live bool
}

func newFollower(channel grpc.ClientConnInterface, start *pb.StreamEventsRequest) *follower {
	return &follower{channel: channel, start: start, cursor: start.GetCursor(), seen: -1}
}

// connection gives the updates of one connection. False where the tail has come to its end, or the caller has left.
func (f *follower) connection(ctx context.Context, yield func(Update, error) bool) (lost, bool) {
	outcome := lost{}
	// Also when the caller leaves in the middle: the server is told at once.
	call, cancel := context.WithCancel(ctx)
	defer cancel()
	var silent atomic.Bool
	f.silence = firstFrame
	watch := time.AfterFunc(f.silence, func() { silent.Store(true); cancel() })
	defer watch.Stop()
	// A tail has no deadline; silence ends it.
	stream, err := pb.NewSessionServiceClient(f.channel).StreamEvents(call, f.request())
	for {
		var frame *pb.StreamEventsResponse
		if err == nil {
			// Time counts only while a frame is waited for.
			watch.Reset(f.silence)
			frame, err = stream.Recv()
			watch.Stop()
		}
		if err != nil {
			switch {
			case ctx.Err() != nil:
				yield(nil, ctx.Err())
				return outcome, false
			case silent.Load():
				outcome.err = fmt.Errorf("%w (%v)", ErrSilence, f.silence)
			case errors.Is(err, io.EOF):
				// Without `closing` a stream that ended was cut, whatever its status.
				outcome.err = errCut
			case f.closed() || !canReconnect(err):
				yield(nil, err)
				return outcome, false
			default:
				outcome.err = err
			}
			return outcome, true
		}
		if closing := frame.GetClosing(); closing != nil {
			reason, final := endReasons[closing.GetReason()]
			if final {
				yield(Ended{Place{frame.GetCursor(), frame.GetSeq()}, reason}, nil)
				return outcome, false
			}
			outcome.moved = closing.GetReason() != pb.ClosingReason_CLOSING_REASON_SLOW_READER
			return outcome, true
		}
		update, failure := f.take(frame)
		if failure != nil {
			yield(nil, failure)
			return outcome, false
		}
		if update == nil {
			continue
		}
		switch update.(type) {
		case Events, CaughtUp:
			outcome.progressed = true
		}
		if !yield(update, nil) {
			return outcome, false
		}
	}
}

// closed says whether the caller has closed the channel: what gRPC then returns is what a proxy may send, too.
func (f *follower) closed() bool {
	channel, ok := f.channel.(interface{ GetState() connectivity.State })
	return ok && channel.GetState() == connectivity.Shutdown
}

// take is what a frame tells the caller; nil for a heartbeat, a part of the state, or a frame that is not known here.
func (f *follower) take(frame *pb.StreamEventsResponse) (Update, error) {
	place := Place{frame.GetCursor(), frame.GetSeq()}
	switch kind := frame.GetFrame().(type) {
	case *pb.StreamEventsResponse_Opened:
		f.opened = kind.Opened.GetSession()
		if interval := kind.Opened.GetHeartbeatInterval(); interval != nil {
			f.silence = time.Duration(float64(interval.AsDuration()) * silentIntervals)
		}
		return f.begun(place, kind.Opened.GetStateContinues()), nil
	case *pb.StreamEventsResponse_State:
		if f.opened.GetState() == nil {
			f.opened.State = map[string]string{}
		}
		maps.Copy(f.opened.State, kind.State.GetState())
		return f.begun(place, kind.State.GetContinues()), nil
	}
	fresh, err := f.fresh(frame.GetEvents().GetEvents())
	if err != nil {
		return nil, err
	}
	if place.Cursor != "" {
		f.cursor = place.Cursor
	}
	switch kind := frame.GetFrame().(type) {
	case *pb.StreamEventsResponse_Events:
		if len(fresh) > 0 {
			return Events{place, fresh}, nil
		}
	case *pb.StreamEventsResponse_Changed:
		return Changed{place, kind.Changed}, nil
	case *pb.StreamEventsResponse_CaughtUp:
		f.live = true
		f.seen = max(f.seen, place.Seq)
		return CaughtUp{place}, nil
	}
	return nil, nil
}

// begun is the session, once its whole state has come.
func (f *follower) begun(place Place, continues bool) Update {
	if continues {
		return nil
	}
	resumed := f.seen >= 0 || f.cursor != ""
	f.cursor = place.Cursor
	if f.seen < 0 {
		f.seen = place.Seq
	}
	return Opened{place, f.opened, resumed}
}

// request begins at the caller's place until there is a cursor.
func (f *follower) request() *pb.StreamEventsRequest {
	request := proto.CloneOf(f.start)
	if f.cursor != "" {
		request.AfterSeq, request.AfterTime, request.NumRecentEvents, request.SessionUid = nil, nil, nil, ""
		request.Cursor = f.cursor
	}
	return request
}

// fresh are the events that the caller does not have: a resume may repeat the beginning of an append.
func (f *follower) fresh(events []*pb.Event) ([]*pb.Event, error) {
	var fresh []*pb.Event
	for _, event := range events {
		if event.GetSeq() <= f.seen {
			continue
		}
		// In the history a filter may leave events out; once live there is no hole.
		if f.live && event.GetSeq() != f.seen+1 {
			return nil, fmt.Errorf("%w: after event %d came %d", ErrGap, f.seen, event.GetSeq())
		}
		f.seen = event.GetSeq()
		fresh = append(fresh, event)
	}
	return fresh, nil
}
