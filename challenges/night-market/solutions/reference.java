import java.util.Map;
import java.util.TreeMap;

class Solution {
    static long[] brightest(long[][] lamps) {
        TreeMap<Long, Long> changes = new TreeMap<>();
        for (long[] lamp : lamps) {
            changes.merge(lamp[0], 1L, Long::sum);
            changes.merge(lamp[1] + 1, -1L, Long::sum);
        }
        long best = 0, where = 0, lit = 0;
        for (Map.Entry<Long, Long> change : changes.entrySet()) {
            lit += change.getValue();
            if (lit > best) {
                best = lit;
                where = change.getKey();
            }
        }
        return new long[] {best, where};
    }
}
