package sessiond

import (
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/credentials/insecure"
)

func TestTargets(t *testing.T) {
	for target, want := range map[string]string{
		"localhost:50051":              "localhost:50051",
		"dns:///sessiond:50051":        "dns:///sessiond:50051",
		"unix:/run/sessiond.sock":      "unix:/run/sessiond.sock",
		"sessiond://db.example:9000":   "db.example:9000",
		"sessiond://db.example:9000/":  "db.example:9000",
		"sessiond://db.example":        "db.example:50051",
		"sessiond://[::1]:9000?tls=0":  "[::1]:9000",
		"sessiond://db.example?tls=1&": "db.example:50051",
	} {
		made, err := newSettings(target, nil)
		if err != nil || made.target != want {
			t.Errorf("%s is %q (%v)", target, made.target, err)
		}
	}
}

func TestOptionsOfAURI(t *testing.T) {
	uri := "sessiond://h:1?on_stale=append&deadline=2.5&tls=1&ca_file=/etc/ca.pem&cert_file=c&key_file=k&stream_idle=9"
	made, err := newSettings(uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	if made.onStale != AppendStale || made.deadline != 2500*time.Millisecond || !made.tls || made.caFile != "/etc/ca.pem" ||
		made.certFile != "c" || made.keyFile != "k" || made.streamIdle != 9*time.Second {
		t.Errorf("the settings are %+v", made)
	}
	made, err = newSettings(uri, []Option{WithOnStale(RejectStale), WithTLS(false), WithDeadline(time.Second)})
	if err != nil || made.onStale != RejectStale || made.tls || made.deadline != time.Second {
		t.Errorf("the settings are %+v (%v)", made, err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	for _, test := range []struct {
		target  string
		options []Option
		words   string
	}{
		{"", nil, "target is empty"},
		{"sessiond://", nil, "names no host"},
		{"sessiond://h:port", nil, "is not sessiond://host:port"},
		{"sessiond://h:70000", nil, "no number from 1 to 65535"},
		{"sessiond://h:1/path", nil, "is not sessiond://host:port"},
		{"sessiond://u:secret@h:1", nil, "is not sessiond://host:port"},
		{"sessiond://u:secret@h:x?%zz", nil, "is not sessiond://host:port"},
		{"sessiond://h:1?stale=append", nil, `unknown option "stale"; there are ca_file, `},
		{"sessiond://h:1?tls=yes", nil, "neither 1 nor 0"},
		{"sessiond://h:1?deadline=soon", nil, "no number of seconds"},
		{"sessiond://h:1?deadline=nan", nil, "no number of seconds"},
		{"sessiond://h:1?deadline=-1", nil, "deadline is a time above 0"},
		{"h:1", []Option{WithDeadline(0)}, "deadline"},
		{"h:1", []Option{WithStreamIdle(-1)}, "stream_idle"},
		{"h:1", []Option{WithOnStale("ignore")}, "on_stale"},
		{"h:1", []Option{WithCertificate("c.pem", "")}, "cert_file and key_file go together"},
		{"h:1", []Option{WithCredentials(insecure.NewCredentials()), WithCAFile("c.pem")}, "credentials exclude"},
		{"h:1", []Option{WithCAFile("/does/not/exist")}, "/does/not/exist"},
		{"h:1", []Option{WithCAFile("options_test.go")}, "no certificate"},
		{"h:1", []Option{WithCertificate("options_test.go", "options_test.go")}, "cert_file and key_file"},
	} {
		_, err := NewSessionService(test.target, test.options...)
		if err == nil || !strings.Contains(err.Error(), test.words) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", test.target, err)
		}
	}
}

func TestEveryOptionIsInTheReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("options.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(code)) {
		name, option := strings.CutPrefix(line, "func With")
		if name, _, _ = strings.Cut(name, "("); option && !strings.Contains(string(readme), "`With"+name+"`") {
			t.Errorf("With%s is not in the README", name)
		}
	}
}
