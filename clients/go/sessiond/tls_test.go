package sessiond

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/adk/v2/session"
	"google.golang.org/grpc/credentials"

	"sessiond.dev/go/internal/testserver"
)

// selfSigned writes a certificate for this machine's loopback address, and its key.
func selfSigned(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", certificate), write("key.pem", "PRIVATE KEY", private)
}

func TestEncryptedConnections(t *testing.T) {
	t.Parallel()
	certificate, key := selfSigned(t)
	server := testserver.Own(t, "--tls-cert", certificate, "--tls-key", key)
	creds, err := credentials.NewClientTLSFromFile(certificate, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, service := range map[string]*SessionService{
		"a file":      newService(t, server.Target, WithCAFile(certificate)),
		"mutual":      newService(t, server.Target, WithCAFile(certificate), WithCertificate(certificate, key)),
		"a URI":       newService(t, "sessiond://"+server.Target+"?tls=1&ca_file="+certificate),
		"credentials": newService(t, server.Target, WithCredentials(creds)),
	} {
		t.Run(name, func(t *testing.T) {
			made := create(t, service, newApp(), "s", nil)
			add(t, service, made, event("1", nil))
			same(t, made, get(t, service, made.AppName(), "s"))
		})
	}
	for name, service := range map[string]*SessionService{
		"not encrypted":    newService(t, server.Target, WithDeadline(3*time.Second)),
		"not trusted":      newService(t, server.Target, WithDeadline(3*time.Second), WithTLS(true)),
		"a server without": newService(t, shared, WithDeadline(3*time.Second), WithTLS(true)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := service.Create(t.Context(), &session.CreateRequest{AppName: newApp(), UserID: "u"})
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
