package dev.sessiond.adk;

import io.grpc.ChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a connection is made from. Nothing in it is an open resource.
 *
 * @param target a gRPC target: {@code host:port}, {@code dns:///host:port}.
 * @param onStale what an append does when the session was changed since it was loaded.
 * @param deadline how long a call may take with all its retries, from when its turn comes. What a
 *     history has beyond its first 64 events is not bounded by it.
 * @param streamIdle how long a history may stand still while it is read.
 * @param tls whether the connection is encrypted. Naming a file or credentials turns it on.
 * @param caFile PEM file of the authorities to trust, instead of Java's.
 * @param certFile PEM file of the client's certificate chain, for mutual TLS. Needs the key file.
 * @param keyFile PEM file of the client's private key (PKCS #8). Needs the certificate file.
 * @param credentials gRPC channel credentials; exclude the files.
 * @param metadata gives the headers of every call, and is asked at every call.
 * @param channel changes each channel before it is made; what it sets wins.
 */
public record Options(
    String target,
    StalePolicy onStale,
    Duration deadline,
    Duration streamIdle,
    boolean tls,
    @Nullable Path caFile,
    @Nullable Path certFile,
    @Nullable Path keyFile,
    @Nullable ChannelCredentials credentials,
    Supplier<Metadata> metadata,
    Consumer<ManagedChannelBuilder<?>> channel) {

  /** The target where none is named. */
  public static final String DEFAULT_TARGET = "localhost:50051";

  /**
   * Checks the values against each other.
   *
   * @throws IllegalArgumentException with the name of the option that is wrong.
   */
  public Options {
    if (target.isEmpty()) {
      throw new IllegalArgumentException(
          "sessiond: target is empty; it is host:port, sessiond://host:port or a gRPC target");
    }
    positive("deadline", deadline);
    positive("streamIdle", streamIdle);
    if ((certFile == null) != (keyFile == null)) {
      throw new IllegalArgumentException("sessiond: certFile and keyFile go together");
    }
    if (credentials != null && (caFile != null || certFile != null)) {
      throw new IllegalArgumentException(
          "sessiond: credentials exclude caFile, certFile and keyFile");
    }
  }

  /** Whether the connection uses TLS. */
  public boolean encrypted() {
    return tls || credentials != null || caFile != null || certFile != null;
  }

  /**
   * Begins options for a target.
   *
   * @param target {@code host:port}, any gRPC target, or {@code
   *     sessiond://host[:port]?option=value&...}, whose options are those that the builder's
   *     methods name, in snake_case.
   * @throws IllegalArgumentException the URI is malformed, or has an unknown option or value.
   */
  public static Builder builder(String target) {
    return TargetUri.is(target) ? TargetUri.parse(target) : new Builder(target);
  }

  private static void positive(String name, Duration value) {
    if (value.isZero() || value.isNegative()) {
      throw new IllegalArgumentException("sessiond: %s is %s, not above 0".formatted(name, value));
    }
  }

  /** Makes {@link Options}; what is not set has its default. */
  public static final class Builder {
    private final String target;
    private StalePolicy onStale = StalePolicy.REJECT;
    private Duration deadline = Duration.ofSeconds(10);
    private Duration streamIdle = Duration.ofSeconds(30);
    private boolean tls;
    private @Nullable Path caFile;
    private @Nullable Path certFile;
    private @Nullable Path keyFile;
    private @Nullable ChannelCredentials credentials;
    private Supplier<Metadata> metadata = Metadata::new;
    private Consumer<ManagedChannelBuilder<?>> channel = builder -> {};

    Builder(String target) {
      this.target = target;
    }

    /** {@link StalePolicy#REJECT} where it is not set. */
    public Builder onStale(StalePolicy value) {
      onStale = value;
      return this;
    }

    /** How long a call may take, with its retries; 10 s where it is not set. */
    public Builder deadline(Duration value) {
      deadline = value;
      return this;
    }

    /** How long a history may stand still while it is read; 30 s where it is not set. */
    public Builder streamIdle(Duration value) {
      streamIdle = value;
      return this;
    }

    /** Encrypts the connection, and trusts whom Java trusts. */
    public Builder tls(boolean value) {
      tls = value;
      return this;
    }

    /** PEM file of the authorities to trust. */
    public Builder caFile(Path value) {
      caFile = value;
      return this;
    }

    /** PEM file of the client's certificate chain. */
    public Builder certFile(Path value) {
      certFile = value;
      return this;
    }

    /** PEM file of the client's private key, in PKCS #8. */
    public Builder keyFile(Path value) {
      keyFile = value;
      return this;
    }

    /** gRPC channel credentials instead of files. */
    public Builder credentials(ChannelCredentials value) {
      credentials = value;
      return this;
    }

    /** Headers, asked for at every call: a token that is renewed. */
    public Builder metadata(Supplier<Metadata> value) {
      metadata = value;
      return this;
    }

    /** Changes each channel before it is made. */
    public Builder channel(Consumer<ManagedChannelBuilder<?>> value) {
      channel = value;
      return this;
    }

    /**
     * Makes the options.
     *
     * @throws IllegalArgumentException with the name of the option that is wrong.
     */
    public Options build() {
      return new Options(
          target,
          onStale,
          deadline,
          streamIdle,
          tls,
          caFile,
          certFile,
          keyFile,
          credentials,
          metadata,
          channel);
    }
  }
}
