package sessiond

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/adk/v2/session"
	"google.golang.org/adk/v2/session/sessiontestsuite"

	pb "sessiond.dev/go/sessiond/v1"
)

// ADK's own suite for session services.
func TestContract(t *testing.T) {
	app := newApp()
	options := sessiontestsuite.SuiteOptions{SupportsUserProvidedSessionID: true, AppName: app}
	sessiontestsuite.RunServiceTests(t, options, func(t *testing.T) session.Service {
		service := newService(t, shared)
		wipe(t, service, app)
		return service
	})
}

// wipe takes away what the test before left, since the suite wants an empty store for each.
func wipe(t *testing.T, service *SessionService, app string) {
	t.Helper()
	ctx, stubs := t.Context(), pb.NewSessionServiceClient(service.connection.unary)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	left, err := service.List(ctx, &session.ListRequest{AppName: app})
	must(err)
	for _, each := range left.Sessions {
		must(service.Delete(ctx, &session.DeleteRequest{AppName: app, UserID: each.UserID(), SessionID: each.ID()}))
		user := &pb.SessionKey{AppName: app, UserId: each.UserID()}
		state, err := stubs.GetUserState(ctx, &pb.GetUserStateRequest{Key: user})
		must(err)
		_, err = stubs.UpdateUserState(ctx, &pb.UpdateUserStateRequest{
			Key: user, RemovedStateKeys: slices.Collect(maps.Keys(state.GetState())), RequestId: uuid.NewString(),
		})
		must(err)
	}
	state, err := stubs.GetAppState(ctx, &pb.GetAppStateRequest{Key: &pb.SessionKey{AppName: app}})
	must(err)
	_, err = stubs.UpdateAppState(ctx, &pb.UpdateAppStateRequest{
		Key: &pb.SessionKey{AppName: app}, RemovedStateKeys: slices.Collect(maps.Keys(state.GetState())),
		RequestId: uuid.NewString(),
	})
	must(err)
}
