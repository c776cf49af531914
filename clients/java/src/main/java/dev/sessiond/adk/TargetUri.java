package dev.sessiond.adk;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/** Reads {@code sessiond://host[:port]?option=value&...}. */
final class TargetUri {
  private static final String SCHEME = "sessiond://";
  private static final int DEFAULT_PORT = 50051;
  private static final String NAMES =
      "ca_file, cert_file, deadline, key_file, on_stale, stream_idle, tls";

  private TargetUri() {}

  static boolean is(String target) {
    return target.startsWith(SCHEME);
  }

  static Options.Builder parse(String text) {
    URI uri;
    try {
      uri = new URI(text).parseServerAuthority();
    } catch (URISyntaxException error) {
      throw malformed(text);
    }
    String path = uri.getPath();
    if (uri.getHost() == null
        || uri.getUserInfo() != null
        || uri.getFragment() != null
        || uri.getPort() == 0
        || uri.getPort() > 65_535
        || !(path.isEmpty() || path.equals("/"))) {
      throw malformed(text);
    }
    int port = uri.getPort() == -1 ? DEFAULT_PORT : uri.getPort();
    Options.Builder options = new Options.Builder(uri.getHost() + ":" + port);
    if (uri.getRawQuery() != null) {
      for (String pair : uri.getRawQuery().split("&")) {
        if (!pair.isEmpty()) {
          int equals = pair.indexOf('=');
          String name = decode(equals < 0 ? pair : pair.substring(0, equals));
          set(options, name, equals < 0 ? "" : decode(pair.substring(equals + 1)));
        }
      }
    }
    return options;
  }

  private static void set(Options.Builder options, String name, String value) {
    switch (name) {
      case "on_stale" -> options.onStale(policy(value));
      case "deadline" -> options.deadline(seconds(name, value));
      case "stream_idle" -> options.streamIdle(seconds(name, value));
      case "tls" -> options.tls(flag(value));
      case "ca_file" -> options.caFile(Path.of(value));
      case "cert_file" -> options.certFile(Path.of(value));
      case "key_file" -> options.keyFile(Path.of(value));
      default ->
          throw new IllegalArgumentException(
              "sessiond: the URI has an unknown option '%s'; there are %s".formatted(name, NAMES));
    }
  }

  private static StalePolicy policy(String value) {
    for (StalePolicy policy : StalePolicy.values()) {
      if (policy.name().toLowerCase(Locale.ROOT).equals(value)) {
        return policy;
      }
    }
    throw new IllegalArgumentException(
        "sessiond: on_stale is reject or append, not '%s'".formatted(value));
  }

  private static Duration seconds(String name, String value) {
    try {
      double seconds = Double.parseDouble(value);
      if (Double.isFinite(seconds)) {
        return Duration.ofNanos(Math.round(seconds * 1e9));
      }
    } catch (NumberFormatException error) {
      // told below, with the name
    }
    throw new IllegalArgumentException(
        "sessiond: %s=%s in the URI is no number of seconds".formatted(name, value));
  }

  private static boolean flag(String value) {
    return switch (value) {
      case "1", "true" -> true;
      case "0", "false" -> false;
      default ->
          throw new IllegalArgumentException(
              "sessiond: tls=%s in the URI is neither 1 nor 0".formatted(value));
    };
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  /** Without what may be a secret: a password, or the query. */
  private static IllegalArgumentException malformed(String text) {
    String shown = text.replaceFirst("[?#].*$", "").replaceFirst("//[^/]*@", "//");
    return new IllegalArgumentException(
        "sessiond: %s is not sessiond://host:port?option=value".formatted(shown));
  }
}
