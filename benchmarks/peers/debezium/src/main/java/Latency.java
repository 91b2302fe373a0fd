import io.debezium.embedded.Connect;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/** Measured process: the Debezium engine with a handler that sends bulk requests; milliseconds from insert to answer. */
public final class Latency {
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI bulk;
    private final String index;
    private final String topic;
    private final int skip;
    private final long[] lagsUs;
    private int seen;

    private Latency(Map<String, String> options) {
        bulk = URI.create(options.get("url") + "/_bulk?filter_path=items.*.status,items.*.error.type,items.*.error.reason,"
            + "items.*.error.caused_by,error");
        index = options.get("index");
        topic = "peer." + options.get("database") + "." + options.get("table");
        skip = Integer.parseInt(options.get("skip"));
        lagsUs = new long[Integer.parseInt(options.get("rows"))];
    }

    public static void main(String[] arguments) {
        Map<String, String> options = Stopwatch.options(arguments);
        Latency latency = new Latency(options);
        DebeziumEngine.create(Connect.class).using(Settings.of(options))
            .notifying((List<ChangeEvent<SourceRecord, SourceRecord>> batch,
                DebeziumEngine.RecordCommitter<ChangeEvent<SourceRecord, SourceRecord>> committer) -> {
                latency.handle(batch);
                for (ChangeEvent<SourceRecord, SourceRecord> event : batch) {
                    committer.markProcessed(event);
                }
                committer.markBatchFinished();
            }).using(Settings::failed).build().run();
    }

    private void handle(List<ChangeEvent<SourceRecord, SourceRecord>> batch) throws InterruptedException {
        StringBuilder body = new StringBuilder();
        List<Long> insertedUs = new ArrayList<>();
        for (ChangeEvent<SourceRecord, SourceRecord> event : batch) {
            if (!event.value().topic().equals(topic) || !(event.value().value() instanceof Struct value)
                || value.schema().field("after") == null || value.getStruct("after") == null) {
                continue;
            }
            Struct row = value.getStruct("after");
            insertedUs.add(row.getInt64("at_us"));
            append(body, row);
        }
        if (insertedUs.isEmpty()) {
            return;
        }
        send(body.toString());
        long nowUs = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        for (long atUs : insertedUs) {
            int place = seen++ - skip;
            if (place >= 0 && place < lagsUs.length) {
                lagsUs[place] = nowUs - atUs;
            }
        }
        if (seen >= skip + lagsUs.length) {
            print();
            Runtime.getRuntime().halt(0);
        }
    }

    private void append(StringBuilder body, Struct row) {
        long id = row.getInt64("id");
        body.append("{\"index\":{\"_index\":\"").append(index).append("\",\"_id\":\"").append(id)
            .append("\",\"version\":").append(id).append(",\"version_type\":\"external\"}}\n")
            .append("{\"id\":").append(id).append(",\"at_us\":").append(row.getInt64("at_us"))
            .append(",\"note\":\"").append(row.getString("note")).append("\"}\n");
    }

    private void send(String body) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(bulk).header("content-type", "application/x-ndjson")
            .POST(HttpRequest.BodyPublishers.ofString(body)).build();
        try {
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException("Elasticsearch answered " + answer.statusCode() + " " + answer.body());
            }
        } catch (java.io.IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }

    private void print() {
        Arrays.sort(lagsUs);
        System.out.println(String.format(Locale.ROOT,
            "{\"p50_ms\": %.3f, \"p95_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}",
            at(0.5), at(0.95), at(0.99), lagsUs[lagsUs.length - 1] / 1e3));
        System.out.flush();
    }

    private double at(double share) {
        return lagsUs[(int) Math.ceil(share * lagsUs.length) - 1] / 1e3;
    }
}
