import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.alibaba.otter.canal.common.AbstractCanalLifeCycle;
import com.alibaba.otter.canal.common.alarm.CanalAlarmHandler;
import com.alibaba.otter.canal.filter.aviater.AviaterRegexFilter;
import com.alibaba.otter.canal.parse.inbound.mysql.MysqlEventParser;
import com.alibaba.otter.canal.parse.index.MemoryLogPositionManager;
import com.alibaba.otter.canal.parse.support.AuthenticationInfo;
import com.alibaba.otter.canal.protocol.CanalEntry.Entry;
import com.alibaba.otter.canal.protocol.CanalEntry.EntryType;
import com.alibaba.otter.canal.protocol.CanalEntry.Pair;
import com.alibaba.otter.canal.protocol.position.EntryPosition;
import com.alibaba.otter.canal.sink.CanalEventSink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.slf4j.LoggerFactory;

/** Measured process: Canal's MysqlEventParser, entries to a sink that counts their rows. */
public final class Decode {
    private Decode() {
    }

    public static void main(String[] arguments) {
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.ERROR);
        Map<String, String> options = Stopwatch.options(arguments);
        MysqlEventParser parser = new MysqlEventParser();
        parser.setDestination("peer");
        parser.setSlaveId(7005);
        InetSocketAddress address = new InetSocketAddress(options.get("host"), Integer.parseInt(options.get("port")));
        parser.setMasterInfo(new AuthenticationInfo(address, options.get("user"), options.get("password")));
        parser.setMasterPosition(new EntryPosition("binlog.000001", 4L));
        parser.setConnectionCharset("UTF-8");
        parser.setEnableTsdb(false);
        parser.setDetectingEnable(false);
        parser.setParallel("true".equals(options.get("parallel")));
        parser.setEventFilter(new AviaterRegexFilter(options.get("database") + "\\..*"));
        MemoryLogPositionManager positions = new MemoryLogPositionManager();
        positions.start();
        parser.setLogPositionManager(positions);
        parser.setAlarmHandler(new Alarm());
        parser.setEventSink(new Counter(new Stopwatch(Long.parseLong(options.get("rows")))));
        parser.start();
    }

    /** Canal tries again for ever: the first trouble ends this process. */
    private static final class Alarm extends AbstractCanalLifeCycle implements CanalAlarmHandler {
        @Override
        public void sendAlarm(String destination, String message) {
            System.err.println(message);
            Runtime.getRuntime().halt(1);
        }
    }

    private static final class Counter extends AbstractCanalLifeCycle implements CanalEventSink<List<Entry>> {
        private final Stopwatch stopwatch;

        Counter(Stopwatch stopwatch) {
            this.stopwatch = stopwatch;
        }

        @Override
        public boolean sink(List<Entry> entries, InetSocketAddress address, String destination) {
            long rows = 0;
            for (Entry entry : entries) {
                if (entry.getEntryType() == EntryType.ROWDATA) {
                    rows += rowsOf(entry);
                }
            }
            if (rows > 0) {
                stopwatch.start();
                if (stopwatch.seen(rows)) {
                    end();
                }
            }
            return true;
        }

        private static long rowsOf(Entry entry) {
            for (Pair pair : entry.getHeader().getPropsList()) {
                if (pair.getKey().equals("rowsCount")) {
                    return Long.parseLong(pair.getValue());
                }
            }
            return 0;
        }

        private void end() {
            try {
                stopwatch.print();
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            Runtime.getRuntime().halt(0);
        }

        @Override
        public void interrupt() {
        }
    }
}
