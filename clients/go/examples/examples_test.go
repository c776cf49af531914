package examples

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"sessiond.dev/go/internal/testserver"
	pb "sessiond.dev/go/sessiond/v1"
)

var shared, programs string

func TestMain(m *testing.M) {
	os.Exit(testserver.Shared(func(target string) int {
		shared = target
		folder, err := os.MkdirTemp("", "sessiond-examples")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		programs = folder
		build := exec.Command("go", "build", "-o", folder+"/", "./...")
		build.Stdout, build.Stderr = os.Stdout, os.Stderr
		if err := build.Run(); err != nil {
			return 1
		}
		return m.Run()
	}))
}

func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	printed, err := exec.Command(filepath.Join(programs, name), arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	return string(printed)
}

func TestTheConversation(t *testing.T) {
	run(t, "conversation", shared)
	printed := run(t, "conversation", shared)
	for _, words := range []string{
		"the last city was Tokyo", "How is the weather in Paris? It is sunny in Paris.", "8 events are stored",
		"questions:2 ", "app:last_city:Tokyo",
	} {
		if !strings.Contains(printed, words) {
			t.Errorf("%q is missing in %s", words, printed)
		}
	}
	if strings.Contains(printed, "temp:") {
		t.Errorf("temporary state was stored: %s", printed)
	}
}

func TestThePlainStubs(t *testing.T) {
	want := "1 user {\"role\":\"user\",\"parts\":[{\"text\":\"hello\"}]} map[n:1]\n"
	if printed := run(t, "plainstubs", shared); printed != want {
		t.Errorf("it printed %q", printed)
	}
}

func TestAWorkerThatDiesGetsTheEventAgain(t *testing.T) {
	channel, err := grpc.NewClient(shared, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer channel.Close()
	ctx, stubs := t.Context(), pb.NewSessionServiceClient(channel)
	made, err := stubs.CreateSession(ctx, &pb.CreateSessionRequest{Key: &pb.SessionKey{AppName: "worker", UserId: "u"}})
	if err != nil {
		t.Fatal(err)
	}
	key := made.GetSession().GetKey()
	add := func(id string) {
		t.Helper()
		_, err := stubs.AppendEvent(ctx, &pb.AppendEventRequest{Key: key, Event: &pb.Event{Id: id}})
		if err != nil {
			t.Fatal(err)
		}
	}
	// The folder of the cursor is taken away, so that the worker handles an event and dies before it has stored its place.
	folder := filepath.Join(t.TempDir(), "cursors")
	file := filepath.Join(folder, "cursor")
	start := func() (*exec.Cmd, *bufio.Scanner) {
		t.Helper()
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		worker := exec.Command(filepath.Join(programs, "worker"), shared, "worker", "u", key.GetSessionId(), file)
		out, err := worker.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := worker.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { worker.Process.Kill() })
		return worker, bufio.NewScanner(out)
	}
	next := func(lines *bufio.Scanner, want string) {
		t.Helper()
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), want) {
			t.Fatalf("it printed %q, not %q", lines.Text(), want)
		}
	}
	first, lines := start()
	add("1")
	next(lines, "1 1")
	testserver.Until(t, func() bool { _, err := os.Stat(file); return err == nil })
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	add("2")
	next(lines, "2 2")
	if err := first.Wait(); err == nil {
		t.Fatal("the first worker has not died")
	}
	add("3")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, stored, 0o600); err != nil {
		t.Fatal(err)
	}
	_, lines = start()
	next(lines, "2 2")
	next(lines, "3 3")
	if _, err := stubs.DeleteSession(ctx, &pb.DeleteSessionRequest{Key: key}); err != nil {
		t.Fatal(err)
	}
	next(lines, "ended: deleted")
}
