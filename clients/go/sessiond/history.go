package sessiond

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/adk/v2/session"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"sessiond.dev/go/internal/transport"
	pb "sessiond.dev/go/sessiond/v1"
)

// readTries is how often a read that breaks off is begun in all.
const readTries = 4

// readByStream reads a session and the events that were asked for by a stream alone. A read that breaks off is begun again,
// as a part of a history is never given for the whole.
func (c *connection) readByStream(ctx context.Context, request *pb.StreamEventsRequest) (*Session, error) {
	if _, err := c.histories.enter(ctx, "StreamEvents"); err != nil {
		return nil, err
	}
	defer c.histories.leave()
	for tries := 0; ; tries++ {
		found, err := c.readByStreamOnce(ctx, request)
		if err == nil {
			return found, nil
		}
		if again, stop := c.again(ctx, request, err, tries); !again {
			return nil, stop
		}
	}
}

// again waits before a read is begun again; or gives the error that ends it.
func (c *connection) again(ctx context.Context, request *pb.StreamEventsRequest, err error, tries int) (bool, error) {
	if ctx.Err() != nil {
		return false, fromContext(ctx, "StreamEvents")
	}
	var failure *Error
	if !errors.As(err, &failure) {
		return false, err
	}
	pause, again := pauseBeforeRetry(failure, tries)
	// The session was deleted and made again while it was read: read the new one.
	again = again || failure.Reason == "SESSION_RECREATED" && request.GetSessionUid() == ""
	if tries+1 == readTries || !again {
		c.histories.gaveUp(failure)
		return false, err
	}
	if !sleep(ctx, pause) {
		return false, fromContext(ctx, "StreamEvents")
	}
	return true, nil
}

func (c *connection) readByStreamOnce(ctx context.Context, request *pb.StreamEventsRequest) (*Session, error) {
	var stored *pb.Session
	found := []*session.Event{}
	for frame, err := range c.frames(ctx, request) {
		if err != nil {
			return nil, err
		}
		switch {
		case frame.GetOpened() != nil:
			stored = frame.GetOpened().GetSession()
			if stored.State == nil {
				stored.State = map[string]string{}
			}
		case frame.GetState() != nil:
			for key, text := range frame.GetState().GetState() {
				stored.State[key] = text
			}
		}
		if found, err = appendEvents(found, frame.GetEvents().GetEvents()); err != nil {
			return nil, err
		}
	}
	if stored == nil {
		return nil, &Error{Code: codes.Internal, message: "StreamEvents: the server sent a history without its session"}
	}
	return sessionFromProto(stored, found)
}

// events reads a history event by event, and goes on where a read broke off. It has a place in the line until the first
// event is there: from then on it takes as long as the caller does, and a caller may read another history meanwhile.
func (c *connection) events(ctx context.Context, request *pb.StreamEventsRequest) iter.Seq2[*session.Event, error] {
	return func(yield func(*session.Event, error) bool) {
		if _, err := c.histories.enter(ctx, "StreamEvents"); err != nil {
			yield(nil, err)
			return
		}
		leave := sync.OnceFunc(c.histories.leave)
		defer leave()
		fail := func(err error) {
			leave()
			yield(nil, err)
		}
		request, seen := request, int64(0)
		for tries := 0; ; tries++ {
			var broken error
			for frame, err := range c.frames(ctx, request) {
				if err != nil {
					broken = err
					break
				}
				for _, message := range frame.GetEvents().GetEvents() {
					// A read that goes on may repeat the beginning of an append.
					if message.GetSeq() <= seen {
						continue
					}
					leave()
					event, err := EventFromProto(message)
					if !yield(event, err) || err != nil {
						return
					}
					seen, tries = message.GetSeq(), 0
				}
				if frame.GetCursor() != "" {
					request = &pb.StreamEventsRequest{Key: request.Key, Cursor: frame.GetCursor()}
				}
			}
			if broken == nil {
				return
			}
			var failure *Error
			if errors.As(broken, &failure) && failure.Reason == "SESSION_RECREATED" {
				fail(broken)
				return
			}
			if again, stop := c.again(ctx, request, broken, tries); !again {
				fail(stop)
				return
			}
		}
	}
}

// frames reads a history's stream to its end, once. It gives an error, last, where that end is not the right one.
func (c *connection) frames(
	ctx context.Context, request *pb.StreamEventsRequest,
) iter.Seq2[*pb.StreamEventsResponse, error] {
	return func(yield func(*pb.StreamEventsResponse, error) bool) {
		headed, err := transport.WithHeaders(ctx, c.settings.metadata)
		if err != nil {
			yield(nil, err)
			return
		}
		headed, cancel := context.WithCancel(headed)
		defer cancel()
		var idle atomic.Bool
		watch := time.AfterFunc(c.settings.streamIdle, func() { idle.Store(true); cancel() })
		defer watch.Stop()
		fail := func(err error, trailer metadata.MD) {
			switch {
			case ctx.Err() != nil:
				yield(nil, fromContext(ctx, "StreamEvents"))
			case idle.Load():
				yield(nil, &Error{Code: codes.DeadlineExceeded, kind: ErrDeadline, cause: err, message: fmt.Sprintf(
					"StreamEvents: the history from %s stood still for %v", c.settings.target, c.settings.streamIdle)})
			default:
				failure := fromRPCError(err, request.GetKey().GetSessionId(), trailer)
				c.histories.tried(failure)
				yield(nil, failure)
			}
		}
		stream, err := pb.NewSessionServiceClient(c.history).StreamEvents(headed, request)
		if err != nil {
			fail(err, nil)
			return
		}
		complete := false
		for {
			// Time counts only while a frame is waited for, not while the caller thinks.
			watch.Reset(c.settings.streamIdle)
			frame, err := stream.Recv()
			watch.Stop()
			if errors.Is(err, io.EOF) && complete {
				return
			}
			if errors.Is(err, io.EOF) {
				yield(nil, &Error{Code: codes.Unavailable, kind: ErrUnavailable, cause: err,
					message: "StreamEvents: the server ended a history before it was complete"})
				return
			}
			if err != nil {
				fail(err, stream.Trailer())
				return
			}
			c.histories.tried(nil)
			complete = complete || frame.GetCaughtUp() != nil
			if !yield(frame, nil) {
				return
			}
		}
	}
}
