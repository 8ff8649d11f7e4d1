import java.util.Map;
import java.util.TreeMap;

class Solution {
    static Map<String, Long> settle(Map<String, Long> paid) {
        Map<String, Long> balances = new TreeMap<>();
        if (paid.isEmpty()) return balances;
        long total = paid.values().stream().mapToLong(Long::longValue).sum();
        long share = total / paid.size(), left = total % paid.size();
        for (Map.Entry<String, Long> entry : new TreeMap<>(paid).entrySet()) {
            balances.put(entry.getKey(), entry.getValue() - share - (left-- > 0 ? 1 : 0));
        }
        return balances;
    }
}
