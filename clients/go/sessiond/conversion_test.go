package sessiond

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/adk/v2/model"
	"google.golang.org/adk/v2/session"
	"google.golang.org/adk/v2/tool/toolconfirmation"
	"google.golang.org/genai"
	"google.golang.org/protobuf/proto"

	pb "sessiond.dev/go/sessiond/v1"
)

// everything is an event with a value in every field that ADK has, and every kind of part.
func everything() *session.Event {
	yes, rate := true, 2.5
	return &session.Event{
		ID: "e", InvocationID: "inv", Author: "agent", Branch: "a.b", IsolationScope: "scope",
		Timestamp:          time.Date(2026, 3, 4, 5, 6, 7, 890_123_000, time.UTC),
		LongRunningToolIDs: []string{"a", "b"},
		Routes:             []string{"left", "right"},
		Output:             map[string]any{"n": 1.5, "none": nil},
		NodeInfo:           &session.NodeInfo{Path: "p/q@1", MessageAsOutput: true, OutputFor: []string{"p"}},
		RequestedInput:     &session.RequestInput{InterruptID: "i", Message: "Which?", Payload: []any{"x", 1.0}},
		Actions: session.EventActions{
			StateDelta:    map[string]any{"k": "v", "user:k": nil, "app:k": []any{true, 1.0, "x"}},
			ArtifactDelta: map[string]int64{"file": math.MaxInt64},
			RequestedToolConfirmations: map[string]toolconfirmation.ToolConfirmation{
				"call": {Hint: "Sure?", Confirmed: true, Payload: map[string]any{"a": 1.0}},
			},
			SkipSummarization: true, TransferToAgent: "other", Escalate: true,
		},
		LLMResponse: model.LLMResponse{
			Content: &genai.Content{Role: "model", Parts: []*genai.Part{
				{Text: "<b>&\u2028é\U0001F600\x00"},
				{Text: "thinking", Thought: true, ThoughtSignature: []byte{0xfb, 0xff, 0}},
				{FunctionCall: &genai.FunctionCall{ID: "call", Name: "f", Args: map[string]any{"city": "Paris", "n": 1.0}}},
				{FunctionResponse: &genai.FunctionResponse{
					ID: "call", Name: "f", Response: map[string]any{"result": []any{nil, false}}, WillContinue: &yes,
					Scheduling: genai.FunctionResponseSchedulingSilent,
				}},
				{InlineData: &genai.Blob{Data: []byte{0, 1, 0xfe, 0xff}, MIMEType: "image/png", DisplayName: "p"}},
				{FileData: &genai.FileData{FileURI: "gs://x", MIMEType: "text/plain", DisplayName: "x"}},
				{ExecutableCode: &genai.ExecutableCode{Code: "1", Language: genai.LanguagePython}},
				{CodeExecutionResult: &genai.CodeExecutionResult{Outcome: genai.OutcomeOK, Output: "1"}},
				{
					FileData:      &genai.FileData{FileURI: "gs://v"},
					VideoMetadata: &genai.VideoMetadata{FPS: &rate, StartOffset: time.Second, EndOffset: 3 * time.Second},
				},
				{VideoMetadata: &genai.VideoMetadata{StartOffset: 1500 * time.Millisecond, EndOffset: 3*time.Second + 1}},
				{VideoMetadata: &genai.VideoMetadata{EndOffset: time.Nanosecond}},
				{Text: "marked", PartMetadata: map[string]any{"m": map[string]any{"x": "y"}}},
				{MediaResolution: &genai.PartMediaResolution{Level: genai.PartMediaResolutionLevelMediaResolutionHigh}},
			}},
			CitationMetadata: &genai.CitationMetadata{Citations: []*genai.Citation{{
				Title: "t", StartIndex: 1, PublicationDate: civil.Date{Year: 2024, Month: 2, Day: 29},
			}}},
			GroundingMetadata: &genai.GroundingMetadata{
				WebSearchQueries: []string{"q"},
				SearchEntryPoint: &genai.SearchEntryPoint{RenderedContent: "<a>", SDKBlob: []byte{0xfb, 0xf0}},
			},
			UsageMetadata: &genai.GenerateContentResponseUsageMetadata{
				PromptTokenCount: math.MaxInt32, PromptTokensDetails: []*genai.ModalityTokenCount{
					{Modality: genai.MediaModalityText, TokenCount: 3},
				},
			},
			CustomMetadata: map[string]any{"a": 1.0, "deep": map[string]any{"b": nil}},
			LogprobsResult: &genai.LogprobsResult{ChosenCandidates: []*genai.LogprobsResultCandidate{
				{Token: "x", TokenID: 7, LogProbability: -0.5},
			}},
			InputTranscription:  &genai.Transcription{Text: "in", Finished: true},
			OutputTranscription: &genai.Transcription{Text: "out"},
			ModelVersion:        "m-1", TurnComplete: true, Interrupted: true,
			SessionResumptionHandle: "h", ErrorCode: "CODE", ErrorMessage: "words",
			FinishReason: genai.FinishReasonStop, AvgLogprobs: -0.123456789,
		},
	}
}

// stored is the event after a way through the server.
func stored(t *testing.T, sent *session.Event) *session.Event {
	t.Helper()
	service, app := newService(t, shared), newApp()
	add(t, service, create(t, service, app, "s", nil), sent)
	return get(t, service, app, "s").Events().At(0)
}

func TestEveryFieldComesBack(t *testing.T) {
	sent := everything()
	if diff := cmp.Diff(everything(), stored(t, sent)); diff != "" {
		t.Errorf("what came back (-sent +read):\n%s", diff)
	}
	if diff := cmp.Diff(everything(), sent); diff != "" {
		t.Errorf("the caller's event was changed:\n%s", diff)
	}
	// A field that a new version of ADK brings must not be left out here.
	for _, of := range []any{*sent, sent.Actions, sent.LLMResponse} {
		value := reflect.ValueOf(of)
		for index := range value.NumField() {
			if name := value.Type().Field(index).Name; value.Field(index).IsZero() && name != "Partial" {
				t.Errorf("the test has no value for %s", name)
			}
		}
	}
}

func TestNilAndEmptyComeBack(t *testing.T) {
	empty := &session.Event{
		ID: "e", LongRunningToolIDs: []string{}, Routes: []string{},
		Actions: session.EventActions{
			StateDelta: map[string]any{}, ArtifactDelta: map[string]int64{},
			RequestedToolConfirmations: map[string]toolconfirmation.ToolConfirmation{},
		},
		LLMResponse: model.LLMResponse{
			Content: &genai.Content{}, CustomMetadata: map[string]any{}, CitationMetadata: &genai.CitationMetadata{},
			GroundingMetadata: &genai.GroundingMetadata{}, UsageMetadata: &genai.GenerateContentResponseUsageMetadata{},
			InputTranscription: &genai.Transcription{}, LogprobsResult: &genai.LogprobsResult{},
		},
	}
	if diff := cmp.Diff(empty, stored(t, empty)); diff != "" {
		t.Errorf("empty (-sent +read):\n%s", diff)
	}
	none := &session.Event{ID: "e"}
	read := stored(t, none)
	if diff := cmp.Diff(none, read); diff != "" || !read.Timestamp.IsZero() {
		t.Errorf("nil (-sent +read):\n%s", diff)
	}
	onlyTemporary := event("e", map[string]any{"temp:t": 1})
	if delta := stored(t, onlyTemporary).Actions.StateDelta; delta == nil || len(delta) != 0 {
		t.Errorf("the delta is %#v", delta)
	}
}

// What other languages read is the canonical form.
func TestTheWireForm(t *testing.T) {
	message, err := EventToProto(everything())
	if err != nil {
		t.Fatal(err)
	}
	var content struct {
		Parts []map[string]json.RawMessage `json:"parts"`
	}
	if err := json.Unmarshal([]byte(message.GetContent()), &content); err != nil {
		t.Fatal(err)
	}
	for part, want := range map[int]string{
		0: `{"text":"<b>&\u2028é😀\u0000"}`,
		1: `{"text":"thinking","thought":true,"thoughtSignature":"+/8A"}`,
		4: `{"inlineData":{"data":"AAH+/w==","displayName":"p","mimeType":"image/png"}}`,
	} {
		if got, _ := jsonText(content.Parts[part]); string(got) != want {
			t.Errorf("part %d is %s, not %s", part, got, want)
		}
	}
	if want := `{"artifactDelta":{"file":9223372036854775807},"escalate":true,"requestedToolConfirmations":` +
		`{"call":{"hint":"Sure?","confirmed":true,"payload":{"a":1}}},"skipSummarization":true,` +
		`"transferToAgent":"other"}`; !sameJSON(string(message.GetActions()), want) {
		t.Errorf("the actions are %s", message.GetActions())
	}
	var extra map[string]json.RawMessage
	if err := json.Unmarshal([]byte(message.GetExtra()), &extra); err != nil {
		t.Fatal(err)
	}
	for _, name := range typedNames {
		if _, there := extra[name]; there {
			t.Errorf("extra has %s", name)
		}
	}
	for name, want := range map[string]string{
		"finishReason": `"STOP"`, "nodeInfo": `{"path":"p/q@1","messageAsOutput":true,"outputFor":["p"]}`,
		"isolationScope": `"scope"`, "routes": `["left","right"]`, "avgLogprobs": `-0.123456789`,
	} {
		if string(extra[name]) != want {
			t.Errorf("%s is %s", name, extra[name])
		}
	}
	if message.GetTimestamp() != 1772600767.890123 || message.GetWriter().GetLanguage() != "go" || message.GetStateDelta()["user:k"] != "null" {
		t.Errorf("the envelope is %v", message)
	}
	unordered := &session.Event{ID: "e", LongRunningToolIDs: []string{"b", "a"}}
	if message, _ := EventToProto(unordered); !slices.IsSorted(message.GetLongRunningToolIds().GetIds()) ||
		unordered.LongRunningToolIDs[0] != "b" {
		t.Errorf("the ids are %v", message.GetLongRunningToolIds())
	}
	again, _ := EventToProto(everything())
	if !proto.Equal(message, again) {
		t.Error("the same event gives another message")
	}
}

func sameJSON(one, other string) bool {
	var a, b any
	return json.Unmarshal([]byte(one), &a) == nil && json.Unmarshal([]byte(other), &b) == nil && reflect.DeepEqual(a, b)
}

// What other languages and later versions write is read as far as this version has a place for it.
func TestWhatOthersWrote(t *testing.T) {
	read, err := EventFromProto(&pb.Event{
		Id:        "e",
		Timestamp: proto.Float64(1772600767.8901231),
		Content: `{"role":"model","parts":[{"inlineData":{"data":"_-8","mimeType":"image/png"}},` +
			`{"functionCall":{"name":"f","args":{"large":9007199254740993,"float":1.0},"new":1}},{"text":7},` +
			`{"thoughtSignature":"+/8A","text":"\ud800"}],"unknown":{}}`,
		Actions: []byte(`{"compaction":{"startTimestamp":1.5},"artifactDelta":{"a":1.0,"b":"x"},"escalate":null,` +
			`"requestedAuthConfigs":{},"route":true}`),
		CustomMetadata: `[{"key":"k","stringValue":"v"}]`,
		Extra: `{"nodeInfo":{"path":""},"usageMetadata":{"promptTokenCount":3.0,"totalTokenCount":1e2},` +
			`"avgLogprobs":null,"cacheMetadata":{"cache_name":"c"},"id":"other","content":{"role":"x"},` +
			`"citationMetadata":{"citations":[{"publicationDate":{"month":1},"title":"t"}]},"modelVersion":["x"],` +
			`"output":123456789012345678901234567890}`,
		StateDelta: map[string]string{"k": "1.0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &session.Event{
		ID: "e", Timestamp: time.Date(2026, 3, 4, 5, 6, 7, 890_123_000, time.UTC),
		Output: json.Number("123456789012345678901234567890"),
		Actions: session.EventActions{
			StateDelta: map[string]any{"k": 1.0}, ArtifactDelta: map[string]int64{"a": 1},
		},
		LLMResponse: model.LLMResponse{
			Content: &genai.Content{Role: "model", Parts: []*genai.Part{
				{InlineData: &genai.Blob{Data: []byte{0xff, 0xef}, MIMEType: "image/png"}},
				{FunctionCall: &genai.FunctionCall{
					Name: "f", Args: map[string]any{"large": int64(9007199254740993), "float": 1.0},
				}},
				{},
				{ThoughtSignature: []byte{0xfb, 0xff, 0}, Text: "\ufffd"},
			}},
			UsageMetadata:    &genai.GenerateContentResponseUsageMetadata{PromptTokenCount: 3, TotalTokenCount: 100},
			CitationMetadata: &genai.CitationMetadata{Citations: []*genai.Citation{{Title: "t"}}},
		},
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("(-want +read):\n%s", diff)
	}
	// What has a field of its own counts only there.
	typed, err := EventFromProto(&pb.Event{
		Id: "e", Extra: `{"content":{"role":"x"},"actions":{"escalate":true},"groundingMetadata":{},"author":"x"}`,
	})
	if err != nil || typed.Content != nil || typed.Actions.Escalate || typed.GroundingMetadata != nil || typed.Author != "" {
		t.Errorf("%+v (%v)", typed, err)
	}
	if read, err := EventFromProto(&pb.Event{Id: "e"}); err != nil || read.Actions.StateDelta == nil {
		t.Errorf("the delta is nil (%v)", err)
	}
	if _, err := EventFromProto(&pb.Event{Id: "e", Content: "{"}); err == nil || !strings.Contains(err.Error(), "event e") {
		t.Errorf("the error is %v", err)
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]any{
		"1": 1.0, "1.0": 1.0, "-0": math.Copysign(0, -1), "0.1": 0.1, "1e3": 1000.0, "9007199254740992": float64(1 << 53),
		"9007199254740993": int64(1<<53 + 1), "-9007199254740993": int64(-1<<53 - 1),
		"9223372036854775807": int64(math.MaxInt64), "-9223372036854775808": float64(math.MinInt64),
		"9223372036854775808": float64(1 << 63), "18446744073709551615": json.Number("18446744073709551615"),
		"0.30000000000000004": 0.30000000000000004, "1e400": json.Number("1e400"), "1.7976931348623157e308": math.MaxFloat64,
		`"1234567890123456"`: "1234567890123456", "null": nil, `[9007199254740993,{"a":1}]`: []any{int64(1<<53 + 1), map[string]any{"a": 1.0}},
	} {
		got, err := parseJSON(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %T %v (%v)", text, got, got, err)
		}
		if text == "-0" && !math.Signbit(got.(float64)) {
			t.Error("-0 has lost its sign")
		}
	}
	// What Go wrote as an integer comes back with its digits.
	service, app := newService(t, shared), newApp()
	create(t, service, app, "s", map[string]any{"int": int64(math.MaxInt64), "bytes": []byte{0xfb}, "uint": uint64(math.MaxUint64)})
	got := stateOf(get(t, service, app, "s"))
	want := map[string]any{"int": int64(math.MaxInt64), "bytes": "+w==", "uint": json.Number("18446744073709551615")}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the state is %v", got)
	}
}

func TestTimes(t *testing.T) {
	for _, each := range []time.Time{
		{}, time.Unix(0, 0), time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(2026, 11, 21, 16, 0, 0, 123_457_000, time.UTC), time.Date(2241, 1, 1, 0, 0, 0, 999_999_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		if got := timeOf(secondsOf(each)); !got.Equal(each) {
			t.Errorf("%v comes back as %v", each, got)
		}
	}
	if got := timeOf(secondsOf(time.Unix(1, 1999))); !got.Equal(time.Unix(1, 1000)) {
		t.Errorf("nanoseconds: %v", got)
	}
	// The filter takes what reads as that time or later, whichever double its writer gave.
	at := time.Date(2026, 3, 4, 5, 6, 7, 890_123_000, time.UTC)
	for ulps, seconds := -9, secondsOf(at)-9*0x1p-22; ulps < 10; ulps, seconds = ulps+1, seconds+0x1p-22 {
		if (seconds >= secondsAfter(at)) != !timeOf(seconds).Before(at) {
			t.Errorf("%v is read as %v", seconds, timeOf(seconds))
		}
	}
	for _, beyond := range []float64{1e300, -1e300, 1e12} {
		if year := timeOf(beyond).Year(); year != 1 && year != 9999 {
			t.Errorf("%v is in the year %d", beyond, year)
		}
	}
}
