import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class BridgeTest {
    /** The command that starts your bridge. */
    private static final String BRIDGE = System.getProperty("bridge", "java -jar target/bridge.jar");

    @RegisterExtension
    static final Sendproof sendproof = new Sendproof();

    @Test
    void messageIsDeliveredWithinAnHour() throws Exception {
        Sendproof.Sandbox sandbox = sendproof.createSandbox("""
                {"seed": 7, "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}, "audience": {"customers": 20}}
                """);

        // Call your own code here, with this URL and this key.
        String form = "numbers=447700900123&message=Hello&apikey=" + sandbox.credential("textlocal", "apikey");
        HttpRequest request = HttpRequest.newBuilder(URI.create(sandbox.url("textlocal") + "/send/"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build();
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding());

        sandbox.advance(Duration.ofHours(1));
        JsonNode messages = sandbox.messages();
        assertEquals(1, messages.size());
        assertEquals("delivered", messages.get(0).get("state").asText());
    }

    @Test
    void bridgeAnswersOneEventWithOneMessage() throws Exception {
        Sendproof.runScenario("triggered/one_event", BRIDGE, "--provider", "textlocal");
    }
}
