// Command peer is Go's side of the clients' common tests: it does what the lines of its standard input say (see
// test/clients/peer.ts in the checkout).
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/adk/v2/session"
	"google.golang.org/genai"

	"sessiond.dev/go/sessiond"
	pb "sessiond.dev/go/sessiond/v1"
	"sessiond.dev/go/tail"
)

type sessionKey struct {
	App     string `json:"app"`
	User    string `json:"user"`
	Session string `json:"session"`
}

type request struct {
	ID     int        `json:"id"`
	Do     string     `json:"do"`
	Key    sessionKey `json:"key"`
	Events []string   `json:"events"`
	Text   string     `json:"text"`
	Count  int        `json:"count"`
}

type reply struct {
	ID     int    `json:"id"`
	Result any    `json:"result"`
	Error  string `json:"error,omitempty"`
}

// contents are what a session has, in ADK's own JSON.
type contents struct {
	State  string   `json:"state"`
	Events []string `json:"events"`
	Time   string   `json:"time"`
}

// seen is an event that the tail gave.
type seen struct {
	Seq    int64  `json:"seq"`
	ID     string `json:"id"`
	Author string `json:"author"`
}

type peer struct {
	sessions *sessiond.SessionService
	lock     sync.Mutex
	moved    *sync.Cond
	followed []seen
}

func main() {
	sessions, err := sessiond.NewSessionService(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	p := &peer{sessions: sessions}
	p.moved = sync.NewCond(&p.lock)
	var printing sync.Mutex
	say := func(what reply) {
		printing.Lock()
		defer printing.Unlock()
		line, err := json.Marshal(what)
		if err != nil {
			line, _ = json.Marshal(reply{ID: what.ID, Error: err.Error()})
		}
		fmt.Printf("%s\n", line)
	}
	say(reply{})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		line := bytes.Clone(lines.Bytes())
		go func() {
			var asked request
			err := json.Unmarshal(line, &asked)
			var result any
			if err == nil {
				result, err = p.do(context.Background(), &asked)
			}
			answer := reply{ID: asked.ID, Result: result}
			if err != nil {
				answer.Error = err.Error()
			}
			say(answer)
		}()
	}
}

func (p *peer) do(ctx context.Context, asked *request) (any, error) {
	switch asked.Do {
	case "write":
		return nil, p.write(ctx, asked)
	case "read":
		return p.read(ctx, asked)
	case "unequal":
		return p.unequal(ctx, asked)
	case "declared":
		return map[string][]string{
			"event":   fieldsOf(reflect.TypeFor[session.Event]()),
			"actions": fieldsOf(reflect.TypeFor[session.EventActions]()),
			"part":    fieldsOf(reflect.TypeFor[genai.Part]()),
		}, nil
	case "turn":
		return p.turn(ctx, asked)
	case "follow":
		return nil, p.follow(ctx, asked)
	case "seen":
		p.lock.Lock()
		defer p.lock.Unlock()
		for len(p.followed) < asked.Count {
			p.moved.Wait()
		}
		return p.followed, nil
	}
	return nil, fmt.Errorf("nobody knows %q", asked.Do)
}

func (p *peer) write(ctx context.Context, asked *request) error {
	made, err := p.sessions.Create(ctx, &session.CreateRequest{
		AppName: asked.Key.App, UserID: asked.Key.User, SessionID: asked.Key.Session,
	})
	if err != nil {
		return err
	}
	for _, text := range asked.Events {
		event, err := built(text)
		if err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		if err := p.sessions.AppendEvent(ctx, made.Session, event); err != nil {
			return err
		}
	}
	return nil
}

func (p *peer) get(ctx context.Context, asked *request) (session.Session, error) {
	found, err := p.sessions.Get(ctx, &session.GetRequest{
		AppName: asked.Key.App, UserID: asked.Key.User, SessionID: asked.Key.Session,
	})
	if err != nil {
		return nil, err
	}
	return found.Session, nil
}

func (p *peer) read(ctx context.Context, asked *request) (*contents, error) {
	found, err := p.get(ctx, asked)
	if err != nil {
		return nil, err
	}
	state := map[string]any{}
	for name, value := range found.State().All() {
		state[name] = value
	}
	text, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	all := &contents{State: string(text), Time: found.LastUpdateTime().UTC().Format(time.RFC3339Nano)}
	for event := range found.Events().All() {
		text, err := shown(event)
		if err != nil {
			return nil, err
		}
		all.Events = append(all.Events, text)
	}
	return all, nil
}

func (p *peer) unequal(ctx context.Context, asked *request) ([]string, error) {
	found, err := p.get(ctx, asked)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for index, text := range asked.Events {
		written, err := built(text)
		if err != nil {
			return nil, err
		}
		read := found.Events().At(index)
		if diff := cmp.Diff(written, read); diff != "" {
			ids = append(ids, read.ID)
		}
	}
	return ids, nil
}

func (p *peer) follow(ctx context.Context, asked *request) error {
	live := make(chan error, 1)
	key := &pb.SessionKey{AppName: asked.Key.App, UserId: asked.Key.User, SessionId: asked.Key.Session}
	go func() {
		for update, err := range p.sessions.Tail(ctx, key, tail.Options{}) {
			if err != nil {
				live <- err
				return
			}
			switch update := update.(type) {
			case tail.CaughtUp:
				select {
				case live <- nil:
				default:
				}
			case tail.Events:
				p.lock.Lock()
				for _, event := range update.Events {
					p.followed = append(p.followed, seen{event.GetSeq(), event.GetId(), event.GetAuthor()})
				}
				p.moved.Broadcast()
				p.lock.Unlock()
			}
		}
	}()
	return <-live
}

// fieldsOf are the JSON names of a struct's fields.
func fieldsOf(of reflect.Type) []string {
	names := []string{}
	for index := range of.NumField() {
		field := of.Field(index)
		if field.Anonymous {
			names = append(names, fieldsOf(field.Type)...)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// built is the event of a text, which is ADK's own JSON.
func built(text string) (*session.Event, error) {
	event := new(session.Event)
	if err := json.Unmarshal([]byte(text), event); err != nil {
		return nil, err
	}
	event.Timestamp = event.Timestamp.UTC()
	var state struct {
		Actions struct {
			StateDelta map[string]any `json:"stateDelta"`
		} `json:"actions"`
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&state); err != nil {
		return nil, err
	}
	for name, value := range state.Actions.StateDelta {
		event.Actions.StateDelta[name] = native(value)
	}
	return event, nil
}

// shown is an event in ADK's own JSON, but with the fractions of offsets into a video, which that rounds away.
func shown(event *session.Event) (string, error) {
	text, err := json.Marshal(event)
	if err != nil || event.Content == nil {
		return string(text), err
	}
	for _, part := range event.Content.Parts {
		if part.VideoMetadata == nil {
			continue
		}
		for name, offset := range map[string]time.Duration{
			"startOffset": part.VideoMetadata.StartOffset, "endOffset": part.VideoMetadata.EndOffset,
		} {
			rounded := fmt.Sprintf("%q:%q", name, fmt.Sprintf("%.0fs", offset.Seconds()))
			exact := fmt.Sprintf("%q:%q", name, fmt.Sprint(offset.Seconds())+"s")
			text = bytes.Replace(text, []byte(rounded), []byte(exact), 1)
		}
	}
	return string(text), nil
}

// native puts what JSON has not in the place of its name. Numbers are float64, as everywhere in ADK for Go, but for
// integers that it cannot hold.
func native(value any) any {
	switch value := value.(type) {
	case json.Number:
		float, err := value.Float64()
		if whole, errWhole := value.Int64(); errWhole == nil && (err != nil || math.Abs(float) > 1<<53) {
			return whole
		}
		return float
	case []any:
		for index, each := range value {
			value[index] = native(each)
		}
	case map[string]any:
		switch value["$"] {
		case "bytes":
			raw, _ := base64.StdEncoding.DecodeString(value["base64"].(string))
			return raw
		case "time":
			moment, _ := time.Parse(time.RFC3339Nano, value["is"].(string))
			return moment
		}
		for name, each := range value {
			value[name] = native(each)
		}
	}
	return value
}
