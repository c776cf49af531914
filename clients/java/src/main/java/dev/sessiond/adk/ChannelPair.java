package dev.sessiond.adk;

import dev.sessiond.internal.Channels;
import dev.sessiond.internal.Headers;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;

/**
 * The channels of a connection: one for unary calls, and one for streams, so that a long history
 * does not hold those up.
 */
final class ChannelPair {
  private final ManagedChannel unary;
  private final ManagedChannel streams;
  private final Options options;

  ChannelPair(Options options) {
    this.options = options;
    ChannelCredentials credentials = credentials(options);
    unary = make(options, credentials, false);
    streams = make(options, credentials, true);
  }

  /** For unary calls, with the headers on each. */
  Channel unary() {
    return Headers.on(unary, options.metadata());
  }

  /** For histories, with the headers on each. */
  Channel streams() {
    return Headers.on(streams, options.metadata());
  }

  /** For tails, which put the headers on themselves. */
  ManagedChannel tails() {
    return streams;
  }

  /** Has the servers looked for at once: gRPC itself waits up to two minutes. */
  void lookAgain() {
    unary.resetConnectBackoff();
    streams.resetConnectBackoff();
  }

  boolean isClosed() {
    return unary.isShutdown();
  }

  /** Ends all calls. */
  void close() {
    unary.shutdownNow();
    streams.shutdownNow();
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
