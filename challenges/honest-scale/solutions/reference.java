import java.util.Arrays;
import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in).useDelimiter("\\s+");
        double[] weights = in.tokens().filter(token -> !token.isEmpty()).mapToDouble(Double::parseDouble).sorted().toArray();
        if (weights.length >= 3) weights = Arrays.copyOfRange(weights, 1, weights.length - 1);
        System.out.println(weights.length == 0 ? "empty" : Arrays.stream(weights).average().getAsDouble());
    }
}
