// expect: WA
// Prints as many digits as cout does by itself: six.
#include <algorithm>
#include <iostream>
#include <vector>

using namespace std;

int main() {
    vector<double> weights;
    for (double weight; cin >> weight;) weights.push_back(weight);
    sort(weights.begin(), weights.end());
    if (weights.size() >= 3) weights = vector<double>(weights.begin() + 1, weights.end() - 1);
    double sum = 0;
    for (double weight : weights) sum += weight;
    if (weights.empty()) cout << "empty\n";
    else cout << sum / weights.size() << "\n";
}
