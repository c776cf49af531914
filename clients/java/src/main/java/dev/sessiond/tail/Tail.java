package dev.sessiond.tail;

import dev.sessiond.internal.Channels;
import dev.sessiond.v1.SessionKey;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.reactivex.rxjava3.core.Flowable;

/**
 * A session's history and live tail over any number of connections: no gap, no double
 * (docs/streams.md).
 *
 * <p>A tail gives an update for each that is requested. Nothing is read ahead of the subscriber
 * beyond what gRPC's flow control lets through, and one that thinks for long loses nothing.
 * Disposing of it ends the call at the server too. It fails with an {@code
 * io.grpc.StatusRuntimeException} that no reconnect would change ({@code dev.sessiond.RpcStatus}
 * tells which), or with a {@link TailException} where the server broke the protocol.
 */
public final class Tail {
  private Tail() {}

  /**
   * Follows a session over a channel of the caller's, best one that no unary calls are made on.
   * Shutting that channel down ends the tail in an error.
   *
   * @param key app, user and session.
   */
  public static Flowable<Update> follow(
      ManagedChannel channel, SessionKey key, TailOptions options) {
    return Flowable.fromPublisher(
        subscriber -> new TailSubscription(channel, key, options, subscriber).start());
  }

  /**
   * Follows a session over a plaintext connection of the tail's own.
   *
   * @param target {@code host:port} or another gRPC target.
   * @param key app, user and session.
   */
  public static Flowable<Update> follow(String target, SessionKey key, TailOptions options) {
    return follow(target, InsecureChannelCredentials.create(), key, options);
  }

  /**
   * Follows a session over a connection of the tail's own.
   *
   * @param target {@code host:port} or another gRPC target.
   * @param credentials how the connection is encrypted.
   * @param key app, user and session.
   */
  public static Flowable<Update> follow(
      String target, ChannelCredentials credentials, SessionKey key, TailOptions options) {
    return Flowable.using(
        () -> Channels.builder(target, credentials, true).build(),
        channel -> follow(channel, key, options),
        ManagedChannel::shutdownNow);
  }
}
