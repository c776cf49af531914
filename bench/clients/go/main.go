// Times appends and reads of the Go client beside ADK's own SQL session service, taking turns in one run.
// bench/clients/go.ts starts the servers that it needs.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glebarez/sqlite"
	"google.golang.org/adk/v2/session"
	"google.golang.org/adk/v2/session/database"
	"google.golang.org/genai"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"sessiond.dev/go/sessiond"
)

const (
	app      = "bench"
	writers  = 16
	history  = 1000
	poolSize = 16
)

// service is one side of the comparison.
type service struct {
	name string
	session.Service
	long session.Session // has a history
}

// figure is what a case measures in a round.
type figure func(context.Context, *service) (float64, error)

var cases = []struct {
	name   string
	figure figure
}{
	{"append, one writer: p50 in ms", appendOne},
	{fmt.Sprintf("append, %d writers with a session each: events a second", writers), appendMany},
	{fmt.Sprintf("get all %d events: p50 in ms", history), get(0, 7)},
	{fmt.Sprintf("get the newest 20 of %d events: p50 in ms", history), get(20, 50)},
}

func main() {
	target := flag.String("target", "localhost:50051", "the sessiond server")
	file := flag.String("sqlite", "", "a SQLite file for ADK's service")
	dsn := flag.String("mysql", "", "instead, the DSN of a MySQL database for it")
	rounds := flag.Int("rounds", 5, "how many rounds count")
	flag.Parse()
	ctx := context.Background()
	sessions, err := sessiond.NewSessionService(*target)
	check(err)
	defer sessions.Close()
	adk, err := openADK(*file, *dsn)
	check(err)
	sides := []*service{{name: "sessiond", Service: sessions}, {name: "adk database", Service: adk}}
	for _, side := range sides {
		side.long, err = create(ctx, side)
		check(err)
		for range history {
			check(side.AppendEvent(ctx, side.long, event(ctx)))
		}
	}
	for _, each := range cases {
		figures := map[string][]float64{}
		// The first round warms up.
		for round := range *rounds + 1 {
			for turn := range sides {
				side := sides[(round+turn)%len(sides)]
				value, err := each.figure(ctx, side)
				if err != nil {
					log.Printf("%s, %s: %v", each.name, side.name, err)
				}
				if round > 0 && err == nil {
					figures[side.name] = append(figures[side.name], value)
				}
			}
		}
		for _, side := range sides {
			values := figures[side.name]
			if len(values) == 0 {
				continue
			}
			fmt.Printf("| %s | %s | %.2f | %s |\n", each.name, side.name, median(values),
				strings.ReplaceAll(strings.Trim(fmt.Sprintf("%.2f", values), "[]"), " ", " · "))
		}
	}
}

func openADK(file, dsn string) (session.Service, error) {
	// With more connections to a SQLite file most of ADK's concurrent appends fail with SQLITE_BUSY.
	most := 1
	dialector := sqlite.Open("file:" + file + "?_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)")
	if dsn != "" {
		// gorm would keep milliseconds, rounded, and ADK then finds about every other session stale.
		microseconds := 6
		dialector, most = mysql.New(mysql.Config{DSN: dsn, DefaultDatetimePrecision: &microseconds}), poolSize
	}
	var pool *gorm.DB
	made, err := database.NewSessionService(dialector, &gorm.Config{Logger: logger.Discard}, keep{&pool})
	if err != nil {
		return nil, err
	}
	connections, err := pool.DB()
	if err != nil {
		return nil, err
	}
	connections.SetMaxOpenConns(most)
	connections.SetMaxIdleConns(most)
	return made, database.AutoMigrate(made)
}

// keep is a gorm option that gives the caller the pool that ADK's service keeps to itself.
type keep struct{ into **gorm.DB }

func (k keep) Apply(*gorm.Config) error { return nil }

func (k keep) AfterInitialize(db *gorm.DB) error {
	*k.into = db
	return nil
}

func create(ctx context.Context, side *service) (session.Session, error) {
	state := map[string]any{}
	for key := range 10 {
		state[fmt.Sprint("key", key)] = "a value of some length"
	}
	made, err := side.Create(ctx, &session.CreateRequest{AppName: app, UserID: "u", State: state})
	if err != nil {
		return nil, err
	}
	return made.Session, nil
}

// event has about 1 KiB of JSON.
func event(ctx context.Context) *session.Event {
	made := session.NewEvent(ctx, "e-bench")
	made.Author = "agent"
	made.Content = genai.NewContentFromText(strings.Repeat("lorem ipsum ", 70), genai.RoleModel)
	made.Actions.StateDelta["key1"] = "another value"
	return made
}

func appendOne(ctx context.Context, side *service) (float64, error) {
	to, err := create(ctx, side)
	if err != nil {
		return 0, err
	}
	return p50(200, func() error { return side.AppendEvent(ctx, to, event(ctx)) })
}

func appendMany(ctx context.Context, side *service) (float64, error) {
	const each = 60
	var failed atomic.Pointer[error]
	var done atomic.Int64
	var all sync.WaitGroup
	begin := time.Now()
	for range writers {
		all.Go(func() {
			to, err := create(ctx, side)
			for range each {
				if err == nil {
					err = side.AppendEvent(ctx, to, event(ctx))
				}
				if err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	rate := float64(done.Load()) / time.Since(begin).Seconds()
	if err := failed.Load(); err != nil {
		return rate, fmt.Errorf("%d of %d stored: %w", done.Load(), writers*each, *err)
	}
	return rate, nil
}

func get(recent, times int) figure {
	return func(ctx context.Context, side *service) (float64, error) {
		want := recent
		if want == 0 {
			want = history
		}
		return p50(times, func() error {
			found, err := side.Get(ctx, &session.GetRequest{
				AppName: app, UserID: "u", SessionID: side.long.ID(), NumRecentEvents: recent,
			})
			if err == nil && found.Session.Events().Len() != want {
				err = fmt.Errorf("%d events, not %d", found.Session.Events().Len(), want)
			}
			return err
		})
	}
}

// p50 is the median time of a call in milliseconds.
func p50(times int, call func() error) (float64, error) {
	taken := make([]float64, 0, times)
	for range times {
		begin := time.Now()
		if err := call(); err != nil {
			return 0, err
		}
		taken = append(taken, float64(time.Since(begin).Microseconds())/1000)
	}
	return median(taken), nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
