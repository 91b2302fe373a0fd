import java.util.Map;
import java.util.Properties;

/** The engine's settings: defaults, but for what is needed to read a binlog from its beginning, without TLS. */
final class Settings {
    private Settings() {
    }

    static Properties of(Map<String, String> options) {
        FromTheStart.gtids = options.getOrDefault("gtids", options.get("uuid") + ":1");
        Properties properties = new Properties();
        properties.putAll(Map.ofEntries(
            Map.entry("name", "peer"),
            Map.entry("connector.class", "io.debezium.connector.mysql.MySqlConnector"),
            Map.entry("offset.storage", "FromTheStart"),
            Map.entry("schema.history.internal", "io.debezium.relational.history.MemorySchemaHistory"),
            Map.entry("database.hostname", options.get("host")),
            Map.entry("database.port", options.get("port")),
            Map.entry("database.user", options.get("user")),
            Map.entry("database.password", options.get("password")),
            Map.entry("database.server.id", "7004"),
            Map.entry("database.ssl.mode", "disabled"),
            Map.entry("driver.allowPublicKeyRetrieval", "true"),
            Map.entry("database.include.list", options.get("database")),
            Map.entry("topic.prefix", "peer")));
        properties.put("snapshot.mode", "recovery");
        if (options.containsKey("poll")) {
            properties.put("poll.interval.ms", options.get("poll"));
        }
        properties.put("include.schema.changes", "false");
        properties.put("tombstones.on.delete", "false");
        properties.put("value.converter.schemas.enable", "false");
        properties.put("key.converter.schemas.enable", "false");
        return properties;
    }

    /** An engine that ended by itself has failed: say why, and end with a status. */
    static void failed(boolean success, String message, Throwable error) {
        System.err.println(message);
        if (error != null) {
            error.printStackTrace();
        }
        System.err.flush();
        Runtime.getRuntime().halt(1);
    }
}
