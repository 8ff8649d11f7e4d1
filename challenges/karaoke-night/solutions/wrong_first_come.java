// expect: WA
// First come, first served: does not count the songs.
import java.util.LinkedHashSet;
import java.util.Scanner;
import java.util.Set;

public class Main {
    public static void main(String[] args) {
        Set<String> waiting = new LinkedHashSet<>();
        Scanner in = new Scanner(System.in);
        while (in.hasNext()) {
            String event = in.next();
            if (event.equals("join")) waiting.add(in.next());
            else if (event.equals("leave")) waiting.remove(in.next());
            else if (waiting.isEmpty()) System.out.println("-");
            else {
                String singer = waiting.iterator().next();
                waiting.remove(singer);
                System.out.println(singer);
            }
        }
    }
}
