import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.storage.MemoryOffsetBackingStore;

/** Offsets in memory that say: what is outside a GTID set (which may not be empty). */
public final class FromTheStart extends MemoryOffsetBackingStore {
    static String gtids;

    @Override
    public void configure(WorkerConfig config) {
        super.configure(config);
        data.put(bytes("[\"peer\",{\"server\":\"peer\"}]"), bytes("{\"file\":\"binlog.000001\",\"pos\":4,\"gtids\":\"" + gtids + "\"}"));
    }

    @Override
    public Set<Map<String, Object>> connectorPartitions(String connector) {
        return Set.of();
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
