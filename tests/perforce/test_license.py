#!/usr/bin/python3
"""license -u: the limits of a server without a license."""

import tap
from servercase import ServerCase


class License(ServerCase):
    FIELDS = ["isLicensed", "userCount", "userLimit", "clientCount", "clientLimit", "fileCount", "fileLimit",
              "repoCount", "repoLimit"]

    def test_counts(self):
        """counts and limits, tagged and plain"""
        self.good("client", "-i", stdin="Client: c\nOwner: super\nRoot: /tmp/c\n")
        record = self.good("license", "-u").records[0]
        self.assertEqual(list(record), self.FIELDS)
        self.assertEqual([record[key] for key in self.FIELDS], ["no", "1", "5", "1", "20", "0", "1000", "0", "10"])
        said = [message.text for message in self.plain("license", "-u").messages]
        self.assertEqual(said[0], "License count: 1 users used of 5 licensed.\n")

    def test_over(self):
        """beyond a limit nobody counts"""
        for number in range(6):
            self.good("user", "-i", "-f", stdin=f"User: u{number}\nEmail: u{number}@x\nFullName: U\n")
        self.assertEqual(self.good("license", "-u").records[0]["userCount"], ">5")

    def test_usage(self):
        """there is no license file to show or to change"""
        for args in ((), ("-o",), ("-i",)):
            self.assertTrue(self.p4("license", *args).messages[0].text.startswith("Usage: license "))


if __name__ == "__main__":
    tap.main()
