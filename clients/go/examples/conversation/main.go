// Leads a conversation that sessiond keeps, and reads it back as another process would.
//
// Start the server with `npm start`, then: go run ./examples/conversation [host:port]
// Run it twice: the second run goes on with the first one's state.
package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"os"

	"google.golang.org/adk/v2/agent"
	"google.golang.org/adk/v2/runner"
	"google.golang.org/adk/v2/session"
	"google.golang.org/genai"

	"sessiond.dev/go/examples/weather"
	"sessiond.dev/go/sessiond"
)

const app, user = "weather", "ann"

func main() {
	target := sessiond.DefaultTarget
	if len(os.Args) > 1 {
		target = os.Args[1]
	}
	if err := converse(context.Background(), target); err != nil {
		log.Fatal(err)
	}
}

func converse(ctx context.Context, target string) error {
	sessions, err := sessiond.NewSessionService(target)
	if err != nil {
		return err
	}
	defer sessions.Close()
	root, err := weather.NewAgent()
	if err != nil {
		return err
	}
	r, err := runner.New(runner.Config{AppName: app, Agent: root, SessionService: sessions})
	if err != nil {
		return err
	}
	created, err := sessions.Create(ctx, &session.CreateRequest{
		AppName: app, UserID: user, State: map[string]any{"questions": 0},
	})
	if err != nil {
		return err
	}
	id := created.Session.ID()
	city, err := created.Session.State().Get("user:last_city")
	if err != nil {
		city = "none"
	}
	fmt.Printf("session %s; the last city was %v\n", id, city)
	for _, question := range []string{"How is the weather in Paris?", "And in Tokyo?"} {
		message := genai.NewContentFromText(question, genai.RoleUser)
		for event, err := range r.Run(ctx, user, id, message, agent.RunConfig{}) {
			if err != nil {
				return err
			}
			if event.IsFinalResponse() && event.Content != nil {
				fmt.Println(question, event.Content.Parts[0].Text)
			}
		}
	}
	return readBack(ctx, target, id)
}

// readBack has a service of its own: nothing of what it prints comes out of the runner's memory.
func readBack(ctx context.Context, target, id string) error {
	sessions, err := sessiond.NewSessionService(target)
	if err != nil {
		return err
	}
	defer sessions.Close()
	stored, err := sessions.Get(ctx, &session.GetRequest{AppName: app, UserID: user, SessionID: id})
	if err != nil {
		return err
	}
	state := maps.Collect(stored.Session.State().All())
	fmt.Printf("%d events are stored; the state is %v\n", stored.Session.Events().Len(), state)
	return nil
}
