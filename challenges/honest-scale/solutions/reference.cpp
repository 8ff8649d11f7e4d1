#include <algorithm>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <numeric>
#include <vector>

using namespace std;

int main() {
    vector<double> weights{istream_iterator<double>(cin), {}};
    sort(weights.begin(), weights.end());
    if (weights.size() >= 3) weights = vector<double>(weights.begin() + 1, weights.end() - 1);
    if (weights.empty()) {
        cout << "empty\n";
        return 0;
    }
    double mean = accumulate(weights.begin(), weights.end(), 0.0) / weights.size();
    cout << setprecision(12) << mean << "\n";
}
