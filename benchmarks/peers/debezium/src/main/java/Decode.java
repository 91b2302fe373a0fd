import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Json;
import io.debezium.embedded.Connect;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/** Measured process: the Debezium engine on MySQL's binlog, as Connect structs or as JSON without schemas. */
public final class Decode {
    private Decode() {
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = Stopwatch.options(arguments);
        Properties properties = Settings.of(options);
        Stopwatch stopwatch = new Stopwatch(Long.parseLong(options.get("rows")));
        DebeziumEngine<?> engine = "json".equals(options.get("format"))
            ? json(properties, stopwatch) : connect(properties, stopwatch);
        engine.run();
    }

    private static DebeziumEngine<?> connect(Properties properties, Stopwatch stopwatch) {
        return DebeziumEngine.create(Connect.class).using(properties)
            .notifying((List<ChangeEvent<SourceRecord, SourceRecord>> batch,
                DebeziumEngine.RecordCommitter<ChangeEvent<SourceRecord, SourceRecord>> committer) -> {
                long rows = batch.stream().filter(event -> isRowChange(event.value())).count();
                count(stopwatch, rows);
                committer.markBatchFinished();
            }).using(Settings::failed).build();
    }

    private static boolean isRowChange(SourceRecord record) {
        return record.value() instanceof Struct value && value.schema().field("op") != null;
    }

    private static DebeziumEngine<?> json(Properties properties, Stopwatch stopwatch) {
        return DebeziumEngine.create(Json.class).using(properties)
            .notifying((List<ChangeEvent<String, String>> batch,
                DebeziumEngine.RecordCommitter<ChangeEvent<String, String>> committer) -> {
                long rows = batch.stream().filter(event -> event.value().contains("\"op\":\"")).count();
                count(stopwatch, rows);
                committer.markBatchFinished();
            }).using(Settings::failed).build();
    }

    private static void count(Stopwatch stopwatch, long rows) {
        if (rows == 0) {
            return;
        }
        stopwatch.start();
        if (stopwatch.seen(rows)) {
            try {
                stopwatch.print();
            } catch (IOException error) {
                throw new java.io.UncheckedIOException(error);
            }
            Runtime.getRuntime().halt(0);
        }
    }
}
