// Package sessiond keeps the sessions of ADK agents in a sessiond server: a session.Service for google.golang.org/adk/v2,
// in place of session.InMemoryService or session/database.
//
//	sessions, err := sessiond.NewSessionService("localhost:50051")
//	if err != nil { … }
//	defer sessions.Close()
//	r, err := runner.New(runner.Config{AppName: "shop", Agent: agent, SessionService: sessions})
//
// The stubs of the API are in sessiond.dev/go/sessiond/v1, a session's live tail without ADK in sessiond.dev/go/tail.
package sessiond
