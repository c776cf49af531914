package sessiond

import (
	"context"
	"iter"
	"maps"
	"strings"
	"sync"
	"time"

	"google.golang.org/adk/v2/session"

	pb "sessiond.dev/go/sessiond/v1"
)

// Session is a session as it was when it was loaded, and with what was appended to it since. It may be used by many
// goroutines at once.
type Session struct {
	key *pb.SessionKey
	// turn is held by the one append that is under way; a channel, since waiting for it ends with the context.
	turn chan struct{}

	mu       sync.RWMutex // guards what is below
	events   []*session.Event
	state    map[string]any
	updated  time.Time
	uid      string
	revision int64
}

var _ session.Session = (*Session)(nil)

func sessionFromProto(message *pb.Session, events []*session.Event) (*Session, error) {
	state, err := StateFromProto(message.GetState())
	if err != nil {
		return nil, invalid("the state of session %s is no JSON: %w", message.GetKey().GetSessionId(), err)
	}
	return &Session{
		key:      message.GetKey(),
		turn:     make(chan struct{}, 1),
		events:   events,
		state:    state,
		updated:  timeOf(message.GetLastEventTime()),
		uid:      message.GetUid(),
		revision: message.GetRevision(),
	}, nil
}

// ID is the session's id, unique within its app and user.
func (s *Session) ID() string { return s.key.GetSessionId() }

// AppName is the app.
func (s *Session) AppName() string { return s.key.GetAppName() }

// UserID is the user.
func (s *Session) UserID() string { return s.key.GetUserId() }

// UID is new at every create: two sessions that had the same key one after the other differ in it.
func (s *Session) UID() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.uid
}

// Revision is the revision of the stored session that this one stands for.
func (s *Session) Revision() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revision
}

// State is the merged state. What is set in it is seen by those who hold this session, and stored nowhere: what is to be
// stored goes into an event's state delta.
func (s *Session) State() session.State { return (*state)(s) }

// Events are the events at this moment; those that are appended later are not among them.
func (s *Session) Events() session.Events {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return events(s.events[:len(s.events):len(s.events)])
}

// LastUpdateTime is the newest event's own timestamp, or when the session was created.
func (s *Session) LastUpdateTime() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.updated
}

// takeTurn waits until no other append to this object is under way. The function that it gives ends the turn.
func (s *Session) takeTurn(ctx context.Context) (func(), error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, fromContext(ctx, "AppendEvent")
	}
}

// place is what of the stored session this object stands for.
func (s *Session) place() (uid string, revision int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.uid, s.revision
}

// appended brings the object up to an event that is stored now.
func (s *Session) appended(event *session.Event, stored *pb.AppendedEvent, uid string) {
	kept := *event
	kept.Timestamp = timeOf(stored.GetTimestamp())
	if event.Actions.StateDelta != nil {
		kept.Actions.StateDelta = make(map[string]any, len(event.Actions.StateDelta))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// The object may have been loaded when this event was stored already, and stand for it and for what came after.
	known := uid == s.uid && stored.GetRevision() <= s.revision
	for key, value := range event.Actions.StateDelta {
		temporary := strings.HasPrefix(key, session.KeyPrefixTemp)
		if temporary || !known {
			s.state[key] = value
		}
		if !temporary {
			kept.Actions.StateDelta[key] = value
		}
	}
	if known {
		return
	}
	s.events = append(s.events, &kept)
	s.updated = kept.Timestamp
	s.uid, s.revision = uid, stored.GetRevision()
}

// state is a session, seen as its state.
type state Session

func (s *state) Get(key string) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	value, ok := s.state[key]
	if !ok {
		return nil, session.ErrStateKeyNotExist
	}
	return value, nil
}

func (s *state) Set(key string, value any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state[key] = value
	return nil
}

// All goes through the state as it is when the loop begins.
func (s *state) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		s.mu.RLock()
		now := maps.Clone(s.state)
		s.mu.RUnlock()
		for key, value := range now {
			if !yield(key, value) {
				return
			}
		}
	}
}

type events []*session.Event

func (e events) All() iter.Seq[*session.Event] {
	return func(yield func(*session.Event) bool) {
		for _, event := range e {
			if !yield(event) {
				return
			}
		}
	}
}

func (e events) Len() int { return len(e) }

// At is the event at an index, or nil where there is none, as in ADK's own sessions.
func (e events) At(index int) *session.Event {
	if index < 0 || index >= len(e) {
		return nil
	}
	return e[index]
}
