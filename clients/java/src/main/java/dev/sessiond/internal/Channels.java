package dev.sessiond.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannelBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What every channel to sessiond has in common. */
public final class Channels {
  /**
   * Retries of unavailable servers and balancing over all addresses: the file that every sessiond
   * client loads.
   */
  private static final Map<String, ?> SERVICE_CONFIG = serviceConfig();

  private Channels() {}

  /**
   * Begins a channel.
   *
   * @param target {@code host:port} or any gRPC target.
   * @param credentials how it is encrypted, or {@code InsecureChannelCredentials}.
   * @param keepalive whether the channel is silent for long while it is used, as with streams.
   */
  public static ManagedChannelBuilder<?> builder(
      String target, ChannelCredentials credentials, boolean keepalive) {
    ManagedChannelBuilder<?> builder =
        Grpc.newChannelBuilder(target, credentials)
            .defaultServiceConfig(SERVICE_CONFIG)
            .enableRetry()
            // gRPC's own limit is 4 MiB. An event may have 16, and a page of sessions with large
            // states more.
            .maxInboundMessageSize(Integer.MAX_VALUE);
    if (keepalive) {
      builder.keepAliveTime(60, TimeUnit.SECONDS).keepAliveTimeout(20, TimeUnit.SECONDS);
    }
    return builder;
  }

  private static Map<String, ?> serviceConfig() {
    try (InputStream file =
        Channels.class.getResourceAsStream("/dev/sessiond/service-config.json")) {
      JsonNode tree = new ObjectMapper().readTree(file);
      Map<String, Object> config = new LinkedHashMap<>();
      tree.properties().forEach(field -> config.put(field.getKey(), plain(field.getValue())));
      return config;
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** gRPC wants every number to be a double. */
  private static Object plain(JsonNode node) {
    if (node.isObject()) {
      Map<String, Object> fields = new LinkedHashMap<>();
      node.properties().forEach(field -> fields.put(field.getKey(), plain(field.getValue())));
      return fields;
    }
    if (node.isArray()) {
      List<Object> elements = new ArrayList<>();
      node.forEach(element -> elements.add(plain(element)));
      return elements;
    }
    return node.isNumber() ? node.asDouble() : node.asText();
  }
}
