package sessiond

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	uriScheme   = "sessiond://"
	defaultPort = "50051"
	uriOptions  = "ca_file, cert_file, deadline, key_file, on_stale, stream_idle, tls"
)

// readTarget takes a gRPC target as it is, and a sessiond:// URI apart.
func (s *settings) readTarget(target string) error {
	if !strings.HasPrefix(target, uriScheme) {
		s.target = target
		return nil
	}
	// What url.Parse says has the whole text in it, and so perhaps a secret.
	uri, err := url.Parse(target)
	if err != nil || uri.User != nil || (uri.Path != "" && uri.Path != "/") || uri.Fragment != "" {
		return fmt.Errorf("sessiond: %s is not sessiond://host:port?option=value", shownURI(target))
	}
	if uri.Hostname() == "" {
		return fmt.Errorf("sessiond: %s names no host", shownURI(target))
	}
	port := uri.Port()
	if port == "" {
		port = defaultPort
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return fmt.Errorf("sessiond: the port in %s is no number from 1 to 65535", shownURI(target))
	}
	s.target = net.JoinHostPort(uri.Hostname(), port)
	values, err := url.ParseQuery(uri.RawQuery)
	if err != nil {
		return fmt.Errorf("sessiond: the options in %s are not option=value&...", shownURI(target))
	}
	for name, texts := range values {
		if err := s.readURIOption(name, texts[len(texts)-1]); err != nil {
			return err
		}
	}
	return nil
}

func (s *settings) readURIOption(name, text string) (err error) {
	switch name {
	case "on_stale":
		s.onStale = StalePolicy(text)
	case "ca_file":
		s.caFile = text
	case "cert_file":
		s.certFile = text
	case "key_file":
		s.keyFile = text
	case "deadline":
		s.deadline, err = seconds(name, text)
	case "stream_idle":
		s.streamIdle, err = seconds(name, text)
	case "tls":
		switch text {
		case "1", "true":
			s.tls = true
		case "0", "false":
			s.tls = false
		default:
			err = fmt.Errorf("sessiond: tls=%s in the URI is neither 1 nor 0", text)
		}
	default:
		err = fmt.Errorf("sessiond: the URI has an unknown option %q; there are %s", name, uriOptions)
	}
	return err
}

// seconds reads a time. One that is too long for a Duration becomes the longest.
func seconds(name, text string) (time.Duration, error) {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(number) {
		return 0, fmt.Errorf("sessiond: %s=%s in the URI is no number of seconds", name, text)
	}
	if number >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64, nil
	}
	return time.Duration(number * float64(time.Second)), nil
}

// shownURI is the URI without what may be a secret, for messages.
func shownURI(target string) string {
	rest, _, _ := strings.Cut(strings.TrimPrefix(target, uriScheme), "?")
	return uriScheme + rest[strings.LastIndex(rest, "@")+1:]
}
