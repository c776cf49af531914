package sessiond

import (
	"encoding/json"
	"maps"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"google.golang.org/adk/v2/session"
	"google.golang.org/protobuf/proto"

	pb "sessiond.dev/go/sessiond/v1"
)

// ADK's objects to and from the messages of the wire.
//
// An event's envelope is typed. The rest travels as JSON text in ADK's canonical form (camelCase keys, times in seconds,
// standard base64), which the server keeps byte for byte:
//
//	ADK for Go                      on the wire
//	ID                              id; a UUID is made where it is empty
//	InvocationID, Author            invocation_id, author: always present
//	Branch, ErrorCode, ErrorMessage the field of the name; absent where empty
//	TurnComplete, Interrupted       the field of the name; absent where false
//	Partial                         never sent
//	Timestamp                       timestamp: seconds, of microseconds; read rounded to microseconds, in UTC
//	LongRunningToolIDs              long_running_tool_ids, sorted; nil is absent, empty is empty
//	Content                         content; offsets into a video with their fractions of a second
//	GroundingMetadata               grounding_metadata
//	CustomMetadata                  custom_metadata; empty is {}, nil is absent
//	Actions.StateDelta              state_delta without temp: keys; where that is empty but not nil, actions has "stateDelta":{};
//	                                of an event that no Go program wrote it is never nil
//	(none)                          removed_state_keys: never written, and not seen when read
//	the other Actions               actions, as ADK's MarshalJSON writes them; an empty RequestedToolConfirmations is {}
//	every other field               extra, under its JSON name (routes, output, nodeInfo, usageMetadata …); an empty Routes is []

// eventFields is session.Event without its methods, whose UnmarshalJSON wants the typed fields too.
type eventFields session.Event

// The names of ADK's JSON form that have fields of their own on the wire.
var typedNames = []string{
	"id", "timestamp", "invocationId", "branch", "author", "actions", "longRunningToolIds", "partial", "turnComplete",
	"interrupted", "errorCode", "errorMessage", "content", "groundingMetadata", "customMetadata",
}

// writer tells the readers which ADK made the event.
var writer = sync.OnceValue(func() *pb.Writer {
	made := &pb.Writer{Language: "go"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "google.golang.org/adk/v2" {
				made.AdkVersion = strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return made
})

// EventToProto writes an event without its temp: state. The same event always gives the same message, if it has an id.
// An error is an ErrInvalidRequest: text in the envelope that is not UTF-8, or a value that JSON cannot carry.
func EventToProto(event *session.Event) (*pb.Event, error) {
	message := &pb.Event{
		Id:           event.ID,
		InvocationId: proto.String(event.InvocationID),
		Author:       proto.String(event.Author),
		Timestamp:    proto.Float64(secondsOf(event.Timestamp)),
		Branch:       optional(event.Branch),
		TurnComplete: optional(event.TurnComplete),
		Interrupted:  optional(event.Interrupted),
		ErrorCode:    optional(event.ErrorCode),
		ErrorMessage: optional(event.ErrorMessage),
		Writer:       writer(),
	}
	if message.Id == "" {
		// Without an id an append could not be repeated safely.
		message.Id = uuid.NewString()
	}
	if event.LongRunningToolIDs != nil {
		message.LongRunningToolIds = &pb.ToolIds{Ids: slices.Sorted(slices.Values(event.LongRunningToolIDs))}
	}
	if err := checkTexts(message); err != nil {
		return nil, err
	}
	var err error
	if message.StateDelta, err = StateToProto(event.Actions.StateDelta); err != nil {
		return nil, err
	}
	if message.Actions, err = actionsText(event.Actions, len(message.StateDelta) > 0); err != nil {
		return nil, invalid("event %s: actions: %w", message.Id, err)
	}
	for _, payload := range []struct {
		name string
		into *string
		text func() ([]byte, error)
	}{
		{"content", &message.Content, func() ([]byte, error) { return contentText(event.Content) }},
		{"groundingMetadata", &message.GroundingMetadata, func() ([]byte, error) { return jsonText(event.GroundingMetadata) }},
		{"customMetadata", &message.CustomMetadata, func() ([]byte, error) { return jsonText(event.CustomMetadata) }},
	} {
		text, err := payload.text()
		if err != nil {
			return nil, invalid("event %s: %s: %w", message.Id, payload.name, err)
		}
		if string(text) != "null" {
			*payload.into = string(text)
		}
	}
	if message.Extra, err = extraText(event); err != nil {
		return nil, invalid("event %s: %w", message.Id, err)
	}
	return message, nil
}

// EventFromProto reads an event that any language wrote. What this version of ADK has no place for is left out. The only
// error is ErrUnreadableEvent: text that is no JSON.
func EventFromProto(message *pb.Event) (*session.Event, error) {
	event := new(session.Event)
	unreadable := func(name string, err error) error {
		failure := invalid("event %s: %s is no JSON: %w", message.GetId(), name, err)
		failure.kind = ErrUnreadableEvent
		return failure
	}
	if text := message.GetExtra(); text != "" {
		if err := decode([]byte(text), (*eventFields)(event), "extra"); err != nil {
			return nil, unreadable("extra", err)
		}
		if node := event.NodeInfo; node != nil && node.Path == "" && !node.MessageAsOutput && len(node.OutputFor) == 0 {
			// As ADK reads it: Python writes one for every event, and nil says that no workflow made it.
			event.NodeInfo = nil
		}
	}
	event.Actions, event.LongRunningToolIDs = session.EventActions{}, nil
	event.Content, event.GroundingMetadata, event.CustomMetadata = nil, nil, nil
	event.ID = message.GetId()
	event.InvocationID = message.GetInvocationId()
	event.Author = message.GetAuthor()
	event.Timestamp = timeOf(message.GetTimestamp())
	event.Branch = message.GetBranch()
	event.Partial = message.GetPartial()
	event.TurnComplete = message.GetTurnComplete()
	event.Interrupted = message.GetInterrupted()
	event.ErrorCode = message.GetErrorCode()
	event.ErrorMessage = message.GetErrorMessage()
	if message.LongRunningToolIds != nil {
		event.LongRunningToolIDs = append([]string{}, message.LongRunningToolIds.GetIds()...)
	}
	payloads := []struct {
		name string
		text []byte
		into any
	}{
		{"actions", message.GetActions(), &event.Actions},
		{"content", []byte(message.GetContent()), &event.Content},
		{"grounding_metadata", []byte(message.GetGroundingMetadata()), &event.GroundingMetadata},
		{"custom_metadata", []byte(message.GetCustomMetadata()), &event.CustomMetadata},
	}
	for _, payload := range payloads {
		if len(payload.text) == 0 {
			continue
		}
		if err := decode(payload.text, payload.into, payload.name); err != nil {
			return nil, unreadable(payload.name, err)
		}
	}
	if len(message.GetStateDelta()) > 0 {
		delta, err := StateFromProto(message.GetStateDelta())
		if err != nil {
			return nil, unreadable("state_delta", err)
		}
		event.Actions.StateDelta = delta
	} else if event.Actions.StateDelta == nil && message.GetWriter().GetLanguage() != "go" {
		// In the other languages it is always there.
		event.Actions.StateDelta = map[string]any{}
	}
	return event, nil
}

// StateToProto writes state, from key with its prefix to JSON text, without temp: keys. An error is an
// ErrInvalidRequest: a key that is not UTF-8, or a value that JSON cannot carry.
func StateToProto(state map[string]any) (map[string]string, error) {
	texts := make(map[string]string, len(state))
	for key, value := range state {
		if strings.HasPrefix(key, session.KeyPrefixTemp) {
			continue
		}
		if !utf8.ValidString(key) {
			return nil, invalid("the state key %q is not UTF-8", key)
		}
		text, err := jsonText(value)
		if err != nil {
			return nil, invalid("the state %q: %w", key, err)
		}
		texts[key] = string(text)
	}
	return texts, nil
}

// StateFromProto reads state. A number is a float64 where that is exact; an integer that it cannot hold is an int64, or
// json.Number.
func StateFromProto(texts map[string]string) (map[string]any, error) {
	state := make(map[string]any, len(texts))
	for key, text := range texts {
		value, err := parseJSON(text)
		if err != nil {
			return nil, err
		}
		state[key] = value
	}
	return state, nil
}

// actionsText writes the actions without the state delta.
func actionsText(actions session.EventActions, hasDelta bool) ([]byte, error) {
	if hasDelta || actions.StateDelta == nil {
		actions.StateDelta = nil
	} else {
		// An empty object is no delta; it tells a reader in Go that the map was there, to be written into.
		actions.StateDelta = map[string]any{}
	}
	text, err := jsonText(actions)
	if err != nil || actions.RequestedToolConfirmations == nil || len(actions.RequestedToolConfirmations) > 0 {
		return text, err
	}
	return withEmpty(text, "requestedToolConfirmations", "{}")
}

// extraText writes every field that has no other place; empty where there is none.
func extraText(event *session.Event) (string, error) {
	rest := eventFields(*event)
	// What has a place of its own is not written twice only to be thrown away.
	rest.Content, rest.GroundingMetadata, rest.CustomMetadata = nil, nil, nil
	rest.Actions, rest.Timestamp = session.EventActions{}, time.Time{}
	text, err := jsonText(rest)
	if err != nil {
		return "", err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return "", err
	}
	for _, name := range typedNames {
		delete(fields, name)
	}
	if event.Routes != nil && len(event.Routes) == 0 {
		fields["routes"] = json.RawMessage("[]")
	}
	if len(fields) == 0 {
		return "", nil
	}
	text, err = jsonText(fields)
	return string(text), err
}

// withEmpty adds an empty member that `omitempty` left out.
func withEmpty(object []byte, name, empty string) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	fields[name] = json.RawMessage(empty)
	return jsonText(fields)
}

// optional is a field that is absent where it has its zero value, which is what ADK's JSON form does.
func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// checkTexts looks for text that a protobuf string cannot carry; in JSON text encoding/json has replaced it.
func checkTexts(message *pb.Event) error {
	texts := map[string]string{
		"ID": message.GetId(), "InvocationID": message.GetInvocationId(), "Author": message.GetAuthor(),
		"Branch": message.GetBranch(), "ErrorCode": message.GetErrorCode(), "ErrorMessage": message.GetErrorMessage(),
		"LongRunningToolIDs": strings.Join(message.GetLongRunningToolIds().GetIds(), " "),
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if !utf8.ValidString(texts[name]) {
			return invalid("event %q: %s %q is not UTF-8", message.Id, name, texts[name])
		}
	}
	return nil
}

// key names a session, or a user or an app.
func key(appName, userID, sessionID string) (*pb.SessionKey, error) {
	for _, text := range []string{appName, userID, sessionID} {
		if !utf8.ValidString(text) {
			return nil, invalid("the id %q is not UTF-8", text)
		}
	}
	return &pb.SessionKey{AppName: appName, UserId: userID, SessionId: sessionID}, nil
}

// The times that ADK's events can have: years 1 to 9999.
const (
	firstMicro = -62135596800 * 1e6
	lastMicro  = 253402300799 * 1e6
)

// secondsOf is a time in seconds since 1970. Only its microseconds count, since a double has no room for more.
func secondsOf(t time.Time) float64 {
	return float64(t.UnixMicro()) / 1e6
}

// timeOf reads seconds since 1970, to the microsecond.
func timeOf(seconds float64) time.Time {
	return time.UnixMicro(int64(min(max(math.Round(seconds*1e6), firstMicro), lastMicro))).UTC()
}

// secondsAfter is the filter for events that timeOf reads as this time or later.
func secondsAfter(t time.Time) float64 {
	micros := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		micros++
	}
	return (float64(micros) - 0.5) / 1e6
}
