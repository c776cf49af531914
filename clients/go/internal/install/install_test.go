// Package install has the test that the module can be added to an empty project.
package install

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sessiond.dev/go/internal/testserver"
)

const program = `package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"google.golang.org/adk/v2/session"

	"sessiond.dev/go/sessiond"
	sessiondv1 "sessiond.dev/go/sessiond/v1"
	"sessiond.dev/go/tail"
)

func main() {
	ctx := context.Background()
	sessions, err := sessiond.NewSessionService(os.Args[1])
	check(err)
	defer sessions.Close()
	made, err := sessions.Create(ctx, &session.CreateRequest{AppName: "installed", UserID: "ann"})
	check(err)
	check(sessions.AppendEvent(ctx, made.Session, session.NewEvent(ctx, "inv")))
	key := &sessiondv1.SessionKey{AppName: "installed", UserId: "ann", SessionId: made.Session.ID()}
	for update, err := range sessions.Tail(ctx, key, tail.Options{}) {
		check(err)
		if events, ok := update.(tail.Events); ok {
			writer := events.Events[0].GetWriter()
			fmt.Println(writer.GetLanguage(), writer.GetAdkVersion())
			return
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`

// The module comes from a proxy in the file system made of this folder alone, and what it needs from where the go command
// has it.
func TestAnEmptyProject(t *testing.T) {
	proxy, project := t.TempDir(), t.TempDir()
	version := fmt.Sprintf("v0.0.0-test.%d", time.Now().UnixNano())
	publish(t, proxy, version)
	environment := append(os.Environ(),
		"GOPROXY=file://"+filepath.ToSlash(proxy)+","+ask(t, "GOPROXY"), "GONOSUMDB=sessiond.dev/*",
		"GOFLAGS=-mod=mod -modcacherw", "GOWORK=off",
	)
	cached := ask(t, "GOMODCACHE")
	t.Cleanup(func() {
		for _, path := range []string{"sessiond.dev/go@" + version, "cache/download/sessiond.dev/go"} {
			if err := os.RemoveAll(filepath.Join(cached, path)); err != nil {
				t.Error(err)
			}
		}
	})
	if err := os.WriteFile(filepath.Join(project, "main.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(name string, arguments ...string) string {
		command := exec.Command(name, arguments...)
		command.Dir, command.Env = project, environment
		printed, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, arguments, err, printed)
		}
		return string(printed)
	}
	run("go", "mod", "init", "example.org/agent")
	run("go", "get", "sessiond.dev/go@"+version)
	run("go", "mod", "tidy")
	run("go", "build", "-o", "agent", ".")
	server := testserver.Own(t)
	if printed := run("./agent", server.Target); printed != "go "+adkVersion(t)+"\n" {
		t.Errorf("it printed %q", printed)
	}
	required, err := os.ReadFile(filepath.Join(project, "go.mod"))
	if err != nil || strings.Contains(string(required), "replace") {
		t.Errorf("go.mod is %s (%v)", required, err)
	}
}

// publish lays the module out as a proxy has it.
func publish(t *testing.T, proxy, version string) {
	t.Helper()
	module, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(proxy, "sessiond.dev/go/@v")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gomod, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Now().UTC()})
	if err != nil {
		t.Fatal(err)
	}
	write("list", []byte(version+"\n"))
	write(version+".mod", gomod)
	write(version+".info", info)
	archive, err := os.Create(filepath.Join(folder, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := zip.NewWriter(archive)
	err = filepath.WalkDir(module, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(module, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := files.Create("sessiond.dev/go@" + version + "/" + filepath.ToSlash(name))
		if err != nil {
			return err
		}
		_, err = file.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
}

// ask is a value of the go command's environment.
func ask(t *testing.T, name string) string {
	t.Helper()
	value, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(value))
}

// adkVersion is the version of ADK that this module requires.
func adkVersion(t *testing.T) string {
	t.Helper()
	version, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "google.golang.org/adk/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(version)), "v")
}
