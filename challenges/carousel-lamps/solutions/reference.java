import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

class Solution {
    static String after(String lamps, long evenings) {
        Map<String, Integer> seen = new HashMap<>();
        List<String> looks = new ArrayList<>();
        while (!seen.containsKey(lamps) && looks.size() < evenings) {
            seen.put(lamps, looks.size());
            looks.add(lamps);
            lamps = step(lamps);
        }
        if (!seen.containsKey(lamps)) return lamps;
        int first = seen.get(lamps);
        return looks.get((int) (first + (evenings - first) % (looks.size() - first)));
    }

    private static String step(String lamps) {
        StringBuilder next = new StringBuilder();
        for (int i = 0; i < lamps.length(); i++) {
            char left = lamps.charAt(i == 0 ? lamps.length() - 1 : i - 1);
            next.append(lamps.charAt(i) != left ? '*' : '.');
        }
        return next.toString();
    }
}
