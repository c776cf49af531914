package sessiond

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"

	"google.golang.org/adk/v2/agent"
	"google.golang.org/adk/v2/agent/workflowagents/parallelagent"
	"google.golang.org/adk/v2/runner"
	"google.golang.org/adk/v2/session"
	"google.golang.org/genai"

	"sessiond.dev/go/examples/weather"
	"sessiond.dev/go/internal/testserver"
)

func newRunner(t *testing.T, service session.Service, app string, root agent.Agent, create bool) *runner.Runner {
	t.Helper()
	made, err := runner.New(runner.Config{
		AppName: app, Agent: root, SessionService: service, AutoCreateSession: create,
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func weatherAgent(t *testing.T) agent.Agent {
	t.Helper()
	made, err := weather.NewAgent()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// say leads one turn, and gives the text of its last event.
func say(t *testing.T, with *runner.Runner, words string, options ...runner.RunOption) string {
	t.Helper()
	last := ""
	message := genai.NewContentFromText(words, genai.RoleUser)
	for each, err := range with.Run(t.Context(), "u", "s", message, agent.RunConfig{}, options...) {
		if err != nil {
			t.Fatal(err)
		}
		if each.Content != nil {
			last = each.Content.Parts[len(each.Content.Parts)-1].Text
		}
	}
	return last
}

// A conversation with tools and state in all scopes, and a restart in the middle.
func TestAConversation(t *testing.T) {
	t.Parallel()
	server, app := testserver.Own(t), newApp()
	service := newService(t, server.Target)
	create(t, service, app, "s", map[string]any{"questions": 0})
	with := newRunner(t, service, app, weatherAgent(t), false)
	if answer := say(t, with, "How is the weather in Paris?"); answer != "It is sunny in Paris." {
		t.Errorf("the answer is %q", answer)
	}
	server.Stop()
	server.Start(t)
	if answer := say(t, with, "And in Tokyo?"); answer != "It is sunny in Tokyo." {
		t.Errorf("the answer is %q", answer)
	}
	found := get(t, newService(t, server.Target), app, "s")
	want := map[string]any{"questions": 2.0, "user:last_city": "Tokyo", "app:last_city": "Tokyo"}
	if state := stateOf(found); !reflect.DeepEqual(state, want) {
		t.Errorf("the state is %v", state)
	}
	authors, deltas := []string{}, []any{}
	for each := range found.Events().All() {
		authors = append(authors, each.Author)
		if count, ok := each.Actions.StateDelta["questions"]; ok {
			deltas = append(deltas, count)
		}
		if _, ok := each.Actions.StateDelta["temp:source"]; ok {
			t.Error("temporary state was stored")
		}
	}
	turn := []string{"user", "weather", "weather", "weather"}
	if !slices.Equal(authors, slices.Concat(turn, turn)) || !reflect.DeepEqual(deltas, []any{1.0, 2.0}) {
		t.Errorf("authors %v, deltas %v", authors, deltas)
	}
	call := found.Events().At(1).Content.Parts[0].FunctionCall
	answer := found.Events().At(2).Content.Parts[0].FunctionResponse
	if call.Args["city"] != "Paris" || call.ID == "" || call.ID != answer.ID {
		t.Errorf("call %+v, answer %+v", call, answer)
	}
}

// What ADK's in-memory service keeps of a turn is what this one does.
func TestAMessageWithAStateDelta(t *testing.T) {
	t.Parallel()
	app, states := newApp(), []map[string]any{}
	for _, service := range []session.Service{session.InMemoryService(), newService(t, shared)} {
		with := newRunner(t, service, app, weatherAgent(t), true)
		say(t, with, "The weather in Rome?", runner.WithStateDelta(map[string]any{"mood": "good", "temp:once": 1.0}))
		found, err := service.Get(t.Context(), &session.GetRequest{AppName: app, UserID: "u", SessionID: "s"})
		if err != nil {
			t.Fatal(err)
		}
		state := stateOf(found.Session)
		delete(state, "temp:once")
		delete(state, "temp:source")
		states = append(states, state)
	}
	if !reflect.DeepEqual(states[0], states[1]) || states[1]["mood"] != "good" {
		t.Errorf("in memory %v, here %v", states[0], states[1])
	}
}

func step(name string) (agent.Agent, error) {
	return agent.New(agent.Config{Name: name, Run: func(ctx agent.InvocationContext) iter.Seq2[*session.Event, error] {
		return func(yield func(*session.Event, error) bool) {
			for number := range 5 {
				each := session.NewEvent(ctx, ctx.InvocationID())
				each.Author, each.Branch = name, ctx.Branch()
				each.Content = genai.NewContentFromText(fmt.Sprint(name, number), genai.RoleModel)
				each.Actions.StateDelta[name] = float64(number)
				each.Actions.StateDelta["user:"+name] = float64(number)
				if !yield(each, nil) {
					return
				}
			}
		}
	}})
}

func TestParallelAgents(t *testing.T) {
	t.Parallel()
	names, agents := []string{"a", "b", "c", "d"}, []agent.Agent{}
	for _, name := range names {
		made, err := step(name)
		if err != nil {
			t.Fatal(err)
		}
		agents = append(agents, made)
	}
	root, err := parallelagent.New(parallelagent.Config{AgentConfig: agent.Config{Name: "all", SubAgents: agents}})
	if err != nil {
		t.Fatal(err)
	}
	service, app := newService(t, shared), newApp()
	create(t, service, app, "s", nil)
	say(t, newRunner(t, service, app, root, false), "Go")
	found := get(t, service, app, "s")
	said := map[string][]string{}
	for each := range found.Events().All() {
		said[each.Author] = append(said[each.Author], each.Content.Parts[0].Text)
	}
	state := stateOf(found)
	for _, name := range names {
		want := []string{}
		for number := range 5 {
			want = append(want, fmt.Sprint(name, number))
		}
		if !slices.Equal(said[name], want) || state[name] != 4.0 || state["user:"+name] != 4.0 {
			t.Errorf("%s said %v; the state is %v", name, said[name], state)
		}
	}
}

func TestARunnerWithoutASession(t *testing.T) {
	t.Parallel()
	with := newRunner(t, newService(t, shared), newApp(), weatherAgent(t), false)
	message := genai.NewContentFromText("Hello", genai.RoleUser)
	for _, err := range with.Run(t.Context(), "u", "s", message, agent.RunConfig{}) {
		if err == nil {
			t.Error("there is no error")
		}
	}
}
