import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Scanner;
import java.util.Set;

public class Main {
    public static void main(String[] args) {
        Set<String> waiting = new LinkedHashSet<>();
        Map<String, Integer> songs = new HashMap<>();
        Scanner in = new Scanner(System.in);
        StringBuilder out = new StringBuilder();
        while (in.hasNext()) {
            switch (in.next()) {
                case "join" -> waiting.add(in.next());
                case "leave" -> waiting.remove(in.next());
                default -> {
                    Comparator<String> bySongs = Comparator.comparing(name -> songs.getOrDefault(name, 0));
                    String singer = waiting.stream().min(bySongs).orElse("-");
                    if (waiting.remove(singer)) songs.merge(singer, 1, Integer::sum);
                    out.append(singer).append('\n');
                }
            }
        }
        System.out.print(out);
    }
}
