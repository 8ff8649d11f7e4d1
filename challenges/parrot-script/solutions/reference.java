import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Scanner;

public class Main {
    private record Level(BigInteger letters, BigInteger ks, int times) {}

    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        String script = in.hasNextLine() ? in.nextLine().strip() : "";
        Deque<Level> outside = new ArrayDeque<>();
        BigInteger letters = BigInteger.ZERO, ks = BigInteger.ZERO;
        int number = 0;
        for (char c : script.toCharArray()) {
            if (Character.isDigit(c)) {
                number = number * 10 + (c - '0');
            } else if (c == '(') {
                outside.push(new Level(letters, ks, number));
                letters = ks = BigInteger.ZERO;
                number = 0;
            } else if (c == ')') {
                Level before = outside.pop();
                BigInteger times = BigInteger.valueOf(before.times());
                letters = before.letters().add(times.multiply(letters));
                ks = before.ks().add(times.multiply(ks));
            } else {
                letters = letters.add(BigInteger.ONE);
                if (c == 'k') ks = ks.add(BigInteger.ONE);
            }
        }
        System.out.println(letters + " " + ks);
    }
}
