package sessiond

import (
	"context"
	"errors"
	"math"
	"slices"

	"google.golang.org/adk/v2/session"

	pb "sessiond.dev/go/sessiond/v1"
)

func historyRequest(request *session.GetRequest) (*pb.StreamEventsRequest, error) {
	named, err := key(request.AppName, request.UserID, request.SessionID)
	if err != nil {
		return nil, err
	}
	made := &pb.StreamEventsRequest{Key: named}
	if !request.After.IsZero() {
		after := secondsAfter(request.After)
		made.AfterTime = &after
	}
	if request.NumRecentEvents > 0 {
		newest := int32(min(request.NumRecentEvents, math.MaxInt32))
		made.NumRecentEvents = &newest
	}
	return made, nil
}

// readSession reads a session and the events that were asked for. All of a short history, or the first part of another,
// comes with the session in one call, which costs both sides less than a stream does.
func (c *connection) readSession(ctx context.Context, request *pb.StreamEventsRequest) (*Session, error) {
	if request.AfterTime != nil {
		return c.readByStream(ctx, request)
	}
	first, err := call(ctx, c, "GetSession", request.GetKey().GetSessionId(), pb.SessionServiceClient.GetSession,
		&pb.GetSessionRequest{
			Key:     request.GetKey(),
			History: &pb.HistorySelection{NumRecentEvents: request.NumRecentEvents},
		})
	switch {
	// The state does not fit a message; a stream sends it in several.
	case errors.Is(err, ErrTooLarge):
		return c.readByStream(ctx, request)
	case err != nil:
		return nil, err
	case first.GetHistoryComplete():
		return sessionWith(first.GetSession(), first.GetEvents())
	// The first event is too large for that answer, or the server knows no such answer.
	case len(first.GetEvents()) == 0:
		return c.readByStream(ctx, request)
	}
	return c.readRest(ctx, request, first)
}

// readRest reads on by a stream where the first part of a history ends.
func (c *connection) readRest(
	ctx context.Context, request *pb.StreamEventsRequest, first *pb.GetSessionResponse,
) (*Session, error) {
	last := first.GetEvents()[len(first.GetEvents())-1].GetSeq()
	found, err := c.readByStream(ctx, &pb.StreamEventsRequest{
		Key: request.GetKey(), SessionUid: first.GetSession().GetUid(), AfterSeq: &last,
	})
	var failure *Error
	if errors.As(err, &failure) && (failure.Reason == "SESSION_RECREATED" || failure.Reason == "EVENTS_TRIMMED") {
		return c.readByStream(ctx, request)
	}
	if err != nil {
		return nil, err
	}
	events, err := appendEvents(nil, first.GetEvents())
	if err != nil {
		return nil, err
	}
	// What was appended meanwhile is there, too.
	found.events = slices.Concat(events, found.events)
	if newest := int(request.GetNumRecentEvents()); newest > 0 {
		found.events = found.events[max(0, len(found.events)-newest):]
	}
	return found, nil
}

// sessionWith is a stored session with its events.
func sessionWith(stored *pb.Session, messages []*pb.Event) (*Session, error) {
	events, err := appendEvents([]*session.Event{}, messages)
	if err != nil {
		return nil, err
	}
	return sessionFromProto(stored, events)
}

// appendEvents adds ADK's events for those of messages.
func appendEvents(to []*session.Event, messages []*pb.Event) ([]*session.Event, error) {
	to = slices.Grow(to, len(messages))
	for _, message := range messages {
		event, err := EventFromProto(message)
		if err != nil {
			return nil, err
		}
		to = append(to, event)
	}
	return to, nil
}
