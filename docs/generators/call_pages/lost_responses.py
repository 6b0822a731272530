"""What a bridge does after a send call without a response."""

#: The reason of the call that looks for the messages of another.
LOOK_UP = (
    "Only after a timeout, a broken connection, a 5xx response, or a restart in the middle of a call: its messages may "
    "be on their way. If you repeat such a call without looking first, customers get the text twice."
)
#: How an HTTP library repeats a call that the bridge never repeats. Observed: PHP 8.2 with libcurl 7.88 repeats a POST
#: whose connection it had kept open; the property sun.net.http.retryPost of Java is true by default.
ONE_CONNECTION = (
    "Your HTTP library must not repeat send calls by itself: libcurl, and so PHP, repeats a POST if a connection breaks"
    " that it had kept open (set `CURLOPT_FRESH_CONNECT` for these calls), and so does Java's `HttpURLConnection`."
)
