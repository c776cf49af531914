package sessiond

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/google/uuid"
	"google.golang.org/adk/v2/session"

	pb "sessiond.dev/go/sessiond/v1"
)

const pageSize = 200

// SessionService keeps the sessions of ADK agents in sessiond. It may be used by many goroutines at once. Its errors are
// of type *Error.
type SessionService struct {
	connection *connection
}

var _ session.Service = (*SessionService)(nil)

// NewSessionService makes a session service for the server at host:port, sessiond://host[:port][?option=value&...], or
// any gRPC target (dns:///host:port, unix:/path). It connects at the first call. An error names the option that is wrong,
// or the file that cannot be read.
func NewSessionService(target string, options ...Option) (*SessionService, error) {
	made, err := newSettings(target, options)
	if err != nil {
		return nil, err
	}
	connection, err := newConnection(made)
	if err != nil {
		return nil, err
	}
	return &SessionService{connection: connection}, nil
}

// Close closes the connections. Calls and tails that run end in an error, and so do later ones.
func (s *SessionService) Close() error { return s.connection.close() }

// CreateOptions are what sessiond keeps of a session beside what ADK does.
type CreateOptions struct {
	// OwnerID is who owns the session outside of ADK.
	OwnerID string
	// DisplayName is a title for people.
	DisplayName string
	// Labels are small marks to filter by.
	Labels map[string]string
}

// Create makes a session. The id is taken as it is; the server gives one where it is empty. user: and app: keys of the
// state go to the shared state, temp: keys nowhere. ErrSessionAlreadyExists where the user has a session of this id in
// the app.
func (s *SessionService) Create(ctx context.Context, request *session.CreateRequest) (*session.CreateResponse, error) {
	return s.CreateWith(ctx, request, CreateOptions{})
}

// CreateWith makes a session as Create does, with an owner, a title or labels.
func (s *SessionService) CreateWith(
	ctx context.Context, request *session.CreateRequest, options CreateOptions,
) (*session.CreateResponse, error) {
	named, err := key(request.AppName, request.UserID, request.SessionID)
	if err != nil {
		return nil, err
	}
	state, err := StateToProto(request.State)
	if err != nil {
		return nil, err
	}
	message := &pb.CreateSessionRequest{
		Key:         named,
		State:       state,
		OwnerId:     options.OwnerID,
		DisplayName: options.DisplayName,
		Labels:      options.Labels,
		RequestId:   uuid.NewString(),
	}
	answer, err := call(
		ctx, s.connection, "CreateSession", request.SessionID, pb.SessionServiceClient.CreateSession, message)
	if err != nil {
		return nil, err
	}
	made, err := sessionFromProto(answer.GetSession(), nil)
	if err != nil {
		return nil, err
	}
	return &session.CreateResponse{Session: made}, nil
}

// Get reads a session with its merged state and its events, a short history in one call: After keeps the events of that
// time or later, NumRecentEvents the newest n of those; 0 is no filter. ErrSessionNotFound where there is none.
func (s *SessionService) Get(ctx context.Context, request *session.GetRequest) (*session.GetResponse, error) {
	message, err := historyRequest(request)
	if err != nil {
		return nil, err
	}
	found, err := s.connection.readSession(ctx, message)
	if err != nil {
		return nil, err
	}
	return &session.GetResponse{Session: found}, nil
}

// History reads the events that Get would, one by one, without holding all of them. It goes on where a connection was
// lost. An error comes last, also when the context ends.
func (s *SessionService) History(ctx context.Context, request *session.GetRequest) iter.Seq2[*session.Event, error] {
	message, err := historyRequest(request)
	if err != nil {
		return func(yield func(*session.Event, error) bool) { yield(nil, err) }
	}
	return s.connection.events(ctx, message)
}

// List lists an app's sessions, of one user or, where that is empty, of all, with merged state and without events:
// ordered by last update time, user and id, the oldest first.
func (s *SessionService) List(ctx context.Context, request *session.ListRequest) (*session.ListResponse, error) {
	named, err := key(request.AppName, request.UserID, "")
	if err != nil {
		return nil, err
	}
	message := &pb.ListSessionsRequest{
		Key:      named,
		PageSize: pageSize,
		// The order that no append changes: what is written during the walk cannot make it miss a session.
		Order:        pb.SessionOrder_SESSION_ORDER_CREATE_TIME_ASC,
		IncludeState: true,
	}
	found := map[[2]string]*Session{}
	for {
		page, err := call(ctx, s.connection, "ListSessions", "", pb.SessionServiceClient.ListSessions, message)
		if err != nil {
			return nil, err
		}
		for _, stored := range page.GetSessions() {
			each, err := sessionFromProto(stored, nil)
			if err != nil {
				return nil, err
			}
			// One that is deleted and made again during the walk comes twice; the later one is there now.
			found[[2]string{each.UserID(), each.ID()}] = each
		}
		if page.GetNextPageToken() == "" {
			break
		}
		message.PageToken = page.GetNextPageToken()
	}
	sessions := make([]session.Session, 0, len(found))
	for _, each := range found {
		sessions = append(sessions, each)
	}
	slices.SortFunc(sessions, func(a, b session.Session) int {
		return cmp.Or(a.LastUpdateTime().Compare(b.LastUpdateTime()), cmp.Compare(a.UserID(), b.UserID()),
			cmp.Compare(a.ID(), b.ID()))
	})
	return &session.ListResponse{Sessions: sessions}, nil
}

// Delete deletes a session, its events and its own state. One that is not there is no error.
func (s *SessionService) Delete(ctx context.Context, request *session.DeleteRequest) error {
	named, err := key(request.AppName, request.UserID, request.SessionID)
	if err != nil {
		return err
	}
	message := &pb.DeleteSessionRequest{Key: named, RequestId: uuid.NewString()}
	_, err = call(
		ctx, s.connection, "DeleteSession", request.SessionID, pb.SessionServiceClient.DeleteSession, message)
	return err
}

// AppendEvent stores an event with its state delta in one call, and brings the session object up to it. A partial event
// is not sent. Appends to the same session object take their turns.
//
// The event is not changed, but for an id where it has none. When the call fails, neither has the session been, and the
// same event can safely be appended again. ErrStaleSession where the session was changed since the object was loaded,
// ErrSessionNotFound where it is not there, ErrEventIDConflict where it has another event of this id.
func (s *SessionService) AppendEvent(ctx context.Context, appendTo session.Session, event *session.Event) error {
	if appendTo == nil {
		return errors.New("session is nil")
	}
	if event == nil {
		return errors.New("event is nil")
	}
	if event.Partial {
		return nil
	}
	own, ok := appendTo.(*Session)
	if !ok || own == nil {
		return fmt.Errorf("unexpected session type %T: sessiond appends to sessions that it created or loaded", appendTo)
	}
	endTurn, err := own.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer endTurn()
	message, err := EventToProto(event)
	if err != nil {
		return err
	}
	request := &pb.AppendEventRequest{Key: own.key, Event: message}
	uid, revision := own.place()
	// Also where stale appends are allowed: another session that now has the same key is not to be appended to.
	request.SessionUid = uid
	if s.connection.settings.onStale == RejectStale {
		request.ExpectedRevision = &revision
	}
	answer, err := call(ctx, s.connection, "AppendEvent", own.ID(), pb.SessionServiceClient.AppendEvent, request)
	if err != nil {
		return err
	}
	if event.ID == "" {
		event.ID = answer.GetEvent().GetId()
	}
	own.appended(event, answer.GetEvent(), answer.GetSessionUid())
	return nil
}
