// One plain line at the end: how many stories held.
export default class Summary {
  passed = 0;
  failed = 0;

  onTestEnd(test, result) {
    if (result.status === test.expectedStatus) this.passed += 1;
    else this.failed += 1;
  }

  onEnd() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
  }
}
