package dev.sessiond.adk;

import com.google.common.base.Ticker;
import dev.sessiond.internal.Channels;
import dev.sessiond.internal.Headers;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.time.Duration;

/**
 * The channels of a service, and the lines before them: one is for unary calls, one for histories
 * and one for tails, so that none of these holds up the others.
 */
final class ServiceChannels {
  /**
   * More do not make the server faster. It takes 256 streams of a connection by default, of which
   * the calls that give up together and those that come in their place may need twice as many for a
   * moment.
   */
  private static final int CALLS_AT_ONCE = 100;

  private static final int HISTORIES_AT_ONCE = 64;

  private final ManagedChannel unary;
  private final ManagedChannel histories;
  private final ManagedChannel tails;
  private final Line callLine;
  private final Line historyLine;
  private final Options options;

  ServiceChannels(Options options) {
    this.options = options;
    ChannelCredentials credentials = credentials(options);
    unary = make(options, credentials, false);
    histories = make(options, credentials, true);
    tails = make(options, credentials, true);
    callLine = line(CALLS_AT_ONCE, options.deadline());
    historyLine = line(HISTORIES_AT_ONCE, options.streamIdle());
  }

  private Line line(int places, Duration longest) {
    // Calls give up a little before their time is up. One that waited for most of it is not to
    // begin a time of its own.
    return new Line(places, longest.dividedBy(2), options.target(), Ticker.systemTicker());
  }

  /** For unary calls, with the headers on each. */
  Channel unary() {
    return Headers.on(unary, options.metadata());
  }

  /** For histories, with the headers on each. */
  Channel histories() {
    return Headers.on(histories, options.metadata());
  }

  /** For tails, which put the headers on themselves. */
  ManagedChannel tails() {
    return tails;
  }

  /** Where unary calls wait. */
  Line callLine() {
    return callLine;
  }

  /** Where histories wait. */
  Line historyLine() {
    return historyLine;
  }

  /** Has the servers looked for at once: gRPC itself waits up to two minutes. */
  void lookAgain() {
    unary.resetConnectBackoff();
    histories.resetConnectBackoff();
  }

  boolean isClosed() {
    return unary.isShutdown();
  }

  /** Ends all calls, and those that wait. */
  void close() {
    unary.shutdownNow();
    histories.shutdownNow();
    tails.shutdownNow();
    callLine.letAllIn();
    historyLine.letAllIn();
  }

  private static ManagedChannel make(
      Options options, ChannelCredentials credentials, boolean keepalive) {
    ManagedChannelBuilder<?> builder = Channels.builder(options.target(), credentials, keepalive);
    options.channel().accept(builder);
    return builder.build();
  }

  private static ChannelCredentials credentials(Options options) {
    if (options.credentials() != null) {
      return options.credentials();
    }
    if (!options.encrypted()) {
      return InsecureChannelCredentials.create();
    }
    try {
      TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
      if (options.caFile() != null) {
        tls.trustManager(options.caFile().toFile());
      }
      if (options.certFile() != null && options.keyFile() != null) {
        tls.keyManager(options.certFile().toFile(), options.keyFile().toFile());
      }
      return tls.build();
    } catch (IOException | IllegalArgumentException error) {
      throw Errors.invalid("sessiond: the TLS files cannot be read: " + error.getMessage(), error);
    }
  }
}
