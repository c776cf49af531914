// Package weather has an agent that answers without a network: its model follows a script.
//
// The conversation that it leads is real: a tool call, its result, an answer, and state in every scope.
package weather

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"google.golang.org/adk/v2/agent"
	"google.golang.org/adk/v2/agent/llmagent"
	"google.golang.org/adk/v2/model"
	"google.golang.org/adk/v2/tool"
	"google.golang.org/adk/v2/tool/functiontool"
	"google.golang.org/genai"
)

// NewAgent makes the agent.
func NewAgent() (agent.Agent, error) {
	weather, err := functiontool.New(
		functiontool.Config{Name: "get_weather", Description: "Tells the weather in a city."}, getWeather)
	if err != nil {
		return nil, err
	}
	return llmagent.New(llmagent.Config{
		Name: "weather", Model: scriptedModel{}, Instruction: "Tell the weather.", Tools: []tool.Tool{weather},
	})
}

// scriptedModel asks for the weather of the city that the user's last word names, then tells it.
type scriptedModel struct{}

func (scriptedModel) Name() string { return "scripted" }

func (scriptedModel) GenerateContent(
	_ context.Context, request *model.LLMRequest, _ bool,
) iter.Seq2[*model.LLMResponse, error] {
	return func(yield func(*model.LLMResponse, error) bool) {
		last := request.Contents[len(request.Contents)-1]
		yield(&model.LLMResponse{Content: &genai.Content{Role: "model", Parts: []*genai.Part{reply(last.Parts)}}}, nil)
	}
}

func reply(parts []*genai.Part) *genai.Part {
	city := "nowhere"
	for _, part := range parts {
		if answer := part.FunctionResponse; answer != nil {
			return genai.NewPartFromText(fmt.Sprintf("It is %v in %v.", answer.Response["weather"], answer.Response["city"]))
		}
		if words := strings.Fields(part.Text); len(words) > 0 {
			city = strings.Trim(words[len(words)-1], "?!.")
		}
	}
	return genai.NewPartFromFunctionCall("get_weather", map[string]any{"city": city})
}

type question struct {
	City string `json:"city"`
}

type answer struct {
	City    string `json:"city"`
	Weather string `json:"weather"`
}

func getWeather(ctx agent.Context, asked question) (answer, error) {
	state := ctx.State()
	before, _ := state.Get("questions")
	// A number that was stored is a float64.
	count, _ := before.(float64)
	for key, value := range map[string]any{
		"questions": count + 1, "user:last_city": asked.City, "app:last_city": asked.City, "temp:source": "the window",
	} {
		if err := state.Set(key, value); err != nil {
			return answer{}, err
		}
	}
	return answer{City: asked.City, Weather: "sunny"}, nil
}
