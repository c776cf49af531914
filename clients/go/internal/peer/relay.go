package main

import (
	"context"
	"fmt"
	"iter"

	"google.golang.org/adk/v2/agent"
	"google.golang.org/adk/v2/agent/llmagent"
	"google.golang.org/adk/v2/model"
	"google.golang.org/adk/v2/runner"
	"google.golang.org/adk/v2/tool"
	"google.golang.org/adk/v2/tool/functiontool"
	"google.golang.org/genai"
)

const language = "go"

// scriptedModel calls the tool, then tells what it said.
type scriptedModel struct{}

func (scriptedModel) Name() string { return "scripted" }

func (scriptedModel) GenerateContent(
	_ context.Context, request *model.LLMRequest, _ bool,
) iter.Seq2[*model.LLMResponse, error] {
	part := genai.NewPartFromFunctionCall("carry", map[string]any{})
	for _, last := range request.Contents[len(request.Contents)-1].Parts {
		if said := last.FunctionResponse; said != nil {
			part = genai.NewPartFromText(
				fmt.Sprintf("%s: leg %v after %v", language, said.Response["leg"], said.Response["before"]))
		}
	}
	return func(yield func(*model.LLMResponse, error) bool) {
		yield(&model.LLMResponse{Content: &genai.Content{Role: "model", Parts: []*genai.Part{part}}}, nil)
	}
}

type leg struct {
	Leg    int    `json:"leg"`
	Before string `json:"before"`
}

// carry takes the baton over: state in every scope.
func carry(ctx agent.Context, _ struct{}) (leg, error) {
	state := ctx.State()
	number := func(name string) float64 {
		value, _ := state.Get(name)
		count, _ := value.(float64)
		return count
	}
	value, _ := state.Get("user:languages")
	languages, _ := value.([]any)
	result := leg{Leg: int(number("leg")) + 1, Before: "nobody"}
	if len(languages) > 0 {
		result.Before = fmt.Sprint(languages[len(languages)-1])
	}
	for name, value := range map[string]any{
		"leg": float64(result.Leg), "user:languages": append(languages[:len(languages):len(languages)], language),
		"app:legs": number("app:legs") + 1, "temp:seen": true,
	} {
		if err := state.Set(name, value); err != nil {
			return leg{}, err
		}
	}
	return result, nil
}

func (p *peer) turn(ctx context.Context, asked *request) (string, error) {
	carries, err := functiontool.New(functiontool.Config{Name: "carry", Description: "Takes the baton over."}, carry)
	if err != nil {
		return "", err
	}
	root, err := llmagent.New(llmagent.Config{
		Name: language + "_agent", Model: scriptedModel{}, Tools: []tool.Tool{carries},
	})
	if err != nil {
		return "", err
	}
	with, err := runner.New(runner.Config{AppName: asked.Key.App, Agent: root, SessionService: p.sessions})
	if err != nil {
		return "", err
	}
	answer := ""
	message := genai.NewContentFromText(asked.Text, genai.RoleUser)
	for event, err := range with.Run(ctx, asked.Key.User, asked.Key.Session, message, agent.RunConfig{}) {
		if err != nil {
			return "", err
		}
		if event.IsFinalResponse() && event.Content != nil {
			answer = event.Content.Parts[0].Text
		}
	}
	return answer, nil
}
